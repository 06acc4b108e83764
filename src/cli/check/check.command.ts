import type { Command } from 'commander';
import { addSettings, flagsOf } from '../setting-flags';

/** Adds the command `check`, which loads every model and reports what is wrong. */
export function addCheckCommand(program: Command): void {
  const command = program
    .command('check')
    .description('load every model, and report what is wrong')
    .option('--json', 'print JSON');
  addSettings(command).action(async (folder: string | undefined, { json }: { readonly json?: boolean }) => {
    const { runCheck } = await import('./run-check.js');
    await runCheck(flagsOf(command, folder), json ?? false);
  });
}
