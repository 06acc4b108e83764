import type { Command } from 'commander';
import type { Flags } from '../config/load-config';
import { addSettings, flagsOf } from './setting-flags';

/** Adds the command `serve`, which runs the gateway with the settings on the command line. It calls `start`. */
export function addServeCommand(program: Command, start: (flags: Flags) => Promise<void>): void {
  const command = program.command('serve').description('serve the models of a folder; the default command');
  addSettings(command).action((folder: string | undefined) => start(flagsOf(command, folder)));
}
