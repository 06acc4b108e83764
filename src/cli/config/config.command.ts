import type { Command } from 'commander';
import { addSettings, flagsOf } from '../setting-flags';
import type { ConfigOptions } from './run-config';

/** Adds the command `config`, which prints the settings in force. */
export function addConfigCommand(program: Command): void {
  const command = program
    .command('config')
    .description('print the settings in force and their origin')
    .option('--all', 'also print the settings that have their defaults')
    .option('--json', 'print JSON');
  addSettings(command).action(async (folder: string | undefined, options: ConfigOptions) => {
    const { runConfig } = await import('./run-config.js');
    runConfig(flagsOf(command, folder), options);
  });
}
