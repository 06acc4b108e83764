import type { Command } from 'commander';
import { addSettings, flagsOf } from '../setting-flags';

/** Adds the command `doctor`, which checks the machine, and the ports, files and servers in the settings. */
export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description('check this machine and the settings')
    .option('--json', 'print JSON');
  addSettings(command).action(async (folder: string | undefined, { json }: { readonly json?: boolean }) => {
    const { runDoctor } = await import('./run-doctor.js');
    await runDoctor(flagsOf(command, folder), json ?? false);
  });
}
