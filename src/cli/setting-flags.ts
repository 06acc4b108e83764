import { Option, type Command } from 'commander';
import type { Flag, Flags } from '../config/load-config';
import { usageError } from './command-error';

/** Settings that the help of a command shows. `nexus config --all` shows all. */
const MAIN_SETTINGS: ReadonlyMap<string, string> = new Map([
  ['host', 'address to listen on; 0.0.0.0 for all addresses'],
  ['port', 'HTTP port'],
  ['grpcPort', 'gRPC port'],
  ['modelControlMode', 'when to load models: none, explicit or poll'],
  ['device', 'auto, cpu or cuda'],
  ['processes', 'number of gateway processes'],
  ['logLevel', 'least severe level to log'],
]);

/** Names of settings in KServe's runtimes, by field. Its own servers take them with underscores. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  modelRepository: ['--model-dir', '--model_dir'],
  modelName: ['--model_name'],
  port: ['--http-port', '--http_port'],
  grpcPort: ['--grpc_port'],
};

/** Commands that take every setting as a flag, with the fields of the flags that are declared, by attribute of the option. */
const takers = new WeakMap<Command, Map<string, string>>();

/** Makes `command` take a folder of models, and every setting as a flag; see {@link declareSettings} and {@link flagsOf}. */
export function addSettings(command: Command): Command {
  takers.set(command, new Map());
  return command
    .helpGroup('Serve models:')
    .argument('[folder]', 'folder of models, <model>/<version>/model.onnx, or one .onnx file')
    .addHelpText(
      'after',
      '\nEvery setting is a flag: NEXUS_BODY_LIMIT is --body-limit. Flags take\nprecedence over variables. nexus config --all lists the settings;\ndocs/configuration.md describes them.',
    );
}

/**
 * Declares the flags of `command` if it takes settings. Call it before the command is parsed. Reading the settings takes a
 * tenth of a second, which other commands save.
 */
export async function declareSettings(command: Command): Promise<void> {
  const fields = takers.get(command);
  if (fields === undefined) return;
  const { Config } = await import('../config/config.js');
  const { isSecret, variableOf } = await import('../config/load-config.js');
  for (const [field, standard] of Object.entries(new Config())) {
    const add = (flag: string) => {
      const option = new Option(`${flag} <value>`).hideHelp();
      fields.set(option.attributeName(), field);
      command.addOption(option);
      return option;
    };
    const option = add(flagOf(field));
    const meaning = MAIN_SETTINGS.get(field);
    if (meaning !== undefined) {
      option.hideHelp(false);
      option.description = `${meaning} (default: ${String(standard)})`;
    }
    if (isSecret(field)) option.argParser(() => refuseSecret(flagOf(field), variableOf(field)));
    for (const alias of ALIASES[field] ?? []) add(alias);
  }
}

/**
 * The settings on the command line of `command`, which {@link addSettings} has prepared.
 * @param folder the argument, which sets the model repository.
 * @throws CommandError usage if one is given twice.
 */
export function flagsOf(command: Command, folder: string | undefined): Flags {
  const flags: Record<string, Flag> = {};
  const set = (field: string, name: string, value: string) => {
    const before = flags[field];
    if (before !== undefined)
      throw usageError(`expected ${before.name} or ${name}; came both`, 'they are the same setting');
    flags[field] = { name, value };
  };
  if (folder !== undefined) set('modelRepository', 'folder', folder);
  for (const [attribute, field] of takers.get(command)!) {
    const value = command.getOptionValue(attribute) as string | undefined;
    if (value !== undefined) set(field, flagOf(attribute), value);
  }
  return flags;
}

/** The flag of `field`: `bodyLimit` is `--body-limit`. */
function flagOf(field: string): string {
  return `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function refuseSecret(flag: string, variable: string): never {
  throw usageError(
    `${flag} would show the secret to everyone who can list processes`,
    `set ${variable} in the environment`,
  );
}
