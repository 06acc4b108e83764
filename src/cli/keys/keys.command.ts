import type { Command } from 'commander';
import { KEY_DEFAULTS } from '../../identity/keys/keys-schema';
import type { KeyOptions } from './run-keys';

/** Adds the command `keys`, which edits the file of API keys. */
export function addKeysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .description('create, list, disable and rotate API keys')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nThe file is that of NEXUS_KEYS_FILE, or --file. Nexus reads it again when it\nchanges. A new key is the only output on stdout.',
    );

  add(keys, 'create <id>', 'add a key and print it; it is shown only once')
    .option('--tenant <tenant>', 'tenant of the client', KEY_DEFAULTS.tenant)
    .option('--scopes <scopes>', 'infer, read, admin, separated by commas', KEY_DEFAULTS.scopes.join())
    .option('--models <models>', 'names, such as digits,ocr-* (default: all)', KEY_DEFAULTS.models.join())
    .option(
      '--limit <name=number>',
      'such as requests_per_minute=100; can be repeated',
      (limit, all: readonly string[] | undefined) => [...(all ?? []), limit],
    )
    .option('--expires <date>', 'such as 2027-01-31 (default: never)')
    .option('--description <text>', 'what it is for')
    .action(async (id: string, options: KeyOptions) => (await running()).runCreate(id, options));

  add(keys, 'list', 'print the keys without their hashes')
    .option('--json', 'print JSON')
    .action(async (options: KeyOptions) => (await running()).runList(options));

  add(keys, 'disable <id>', 'reject a key from now on').action(async (id: string, options: KeyOptions) =>
    (await running()).runDisable(id, options),
  );

  add(keys, 'rotate <id>', 'replace a key and print the new one; it is shown only once')
    .option('--grace <duration>', 'how long the old key is still accepted; 0s for not at all', '24h')
    .action(async (id: string, options: KeyOptions) => (await running()).runRotate(id, options));
}

function add(keys: Command, usage: string, description: string): Command {
  return keys.command(usage).description(description).option('--file <file>', 'the file of keys');
}

function running() {
  return import('./run-keys.js');
}
