import type { Command } from 'commander';
import { addSettings, flagsOf } from '../setting-flags';

/** Adds the command `doctor`, which checks the machine and what the settings name. */
export function addDoctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description('check CPU, GPU, memory, limits, ports and files; say how to fix them')
    .option('--json', 'print JSON')
    .helpGroup('Serve models:');
  addSettings(command).action(async (folder: string | undefined, { json }: { readonly json?: boolean }) => {
    const { runDoctor } = await import('./run-doctor.js');
    await runDoctor(flagsOf(command, folder), json ?? false);
  });
}
