import { Command, CommanderError } from 'commander';
import { DESCRIPTION, VERSION } from '../common/version';
import { ConfigError } from '../config/config-error';
import type { Flags } from '../config/load-config';
import { CommandError, EXIT_CODES } from './command-error';
import { addBenchCommand } from './bench/bench.command';
import { addCheckCommand } from './check/check.command';
import { addCompletionCommand } from './completion/completion.command';
import { addConfigCommand } from './config/config.command';
import { addDoctorCommand } from './doctor/doctor.command';
import { addKeysCommand } from './keys/keys.command';
import { paint } from './colours';
import { addModelsCommand } from './models/models.command';
import { addPredictCommand } from './predict/predict.command';
import { printable } from './printable';
import { addServeCommand } from './serve.command';
import { addTopCommand } from './top/top.command';
import { HELP_STYLE } from './program-help';
import { declareSettings } from './setting-flags';

/**
 * Runs the command line `args`, without the names of the interpreter and the program. Prints errors on stderr, in one line
 * each. Resolves with the exit code; while `serve` runs, when the gateway has started.
 * @param start runs the gateway with these settings.
 */
export async function runProgram(
  args: readonly string[],
  start: (flags: Flags) => Promise<void>,
): Promise<number> {
  const program = programWith(start);
  if (args[0] !== 'serve') endWithReader();
  // `help serve` is `serve --help`, which also declares the flags of settings.
  const given = args[0] === 'help' && args.length > 1 ? [...args.slice(1), '--help'] : args;
  try {
    await program.parseAsync(given, { from: 'user' });
    return EXIT_CODES.ok;
  } catch (error) {
    return report(error, nameOf(given, program));
  }
}

/** The program, with all commands. */
function programWith(start: (flags: Flags) => Promise<void>): Command {
  const program = new Command('nexus')
    .description(DESCRIPTION)
    .version(VERSION, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print the help')
    .commandsGroup('More:')
    .helpCommand('help [command]', 'print the help of a command')
    // Otherwise --version of a command would be that of the program.
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp(HELP_STYLE)
    // Errors are printed by `report`.
    .configureOutput({ outputError: () => {} })
    .hook('preSubcommand', (_program, command) => declareSettings(command));
  addServeCommand(program, start);
  addCheckCommand(program);
  addDoctorCommand(program);
  addConfigCommand(program);
  addModelsCommand(program);
  addPredictCommand(program);
  addBenchCommand(program);
  addTopCommand(program);
  addKeysCommand(program);
  addCompletionCommand(program);
  return program;
}

/** Ends the process when the reader of stdout has gone, as in `nexus models | head -1`. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_CODES.ok);
    throw error;
  });
}

/** The name of the command in `args`, for errors; that of the program if there is none. */
function nameOf(args: readonly string[], program: Command): string {
  return program.commands.find((command) => command.name() === args[0])?.name() ?? program.name();
}

/** Prints `error`. Returns the exit code. @throws whatever is no fault of the user */
function report(error: unknown, name: string): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof CommanderError) {
    // Help and the version have been printed.
    if (error.exitCode === 0) return EXIT_CODES.ok;
    if (error.code === 'commander.help') return EXIT_CODES.usage;
    const line = error.message
      .replace(/^error: /, '')
      .replace(/\.$/, '')
      .replace(/\n\(Did you mean (.*)\?\)$/s, '; did you mean $1?');
    print(name, line, `see nexus ${name === 'nexus' ? '' : `${name} `}--help`);
    return EXIT_CODES.usage;
  }
  if (!(error instanceof CommandError)) throw error;
  for (const line of error.message.split('\n')) print(name, line, error.hint);
  return error.exitCode;
}

function print(name: string, message: string, hint: string | undefined): void {
  const label = paint('bad', `${name}:`, process.stderr);
  const advice = hint === undefined ? '' : `${message.endsWith('?') ? '' : ';'} ${hint}`;
  process.stderr.write(`${label} ${printable(message)}${advice}\n`);
}
