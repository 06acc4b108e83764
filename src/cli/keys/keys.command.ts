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
      '\nThe commands edit the file of NEXUS_KEYS_FILE, or of --file. A running gateway\nreads it again when it changes. Only a new key is written to stdout.',
    );

  add(keys, 'create <id>', 'add a key and print it; it is shown only once')
    .option('--tenant <tenant>', 'tenant of the client', KEY_DEFAULTS.tenant)
    .option('--scopes <scopes>', 'infer, read or admin, separated by commas', KEY_DEFAULTS.scopes.join())
    .option('--models <models>', 'names or patterns, such as digits,ocr-*', KEY_DEFAULTS.models.join())
    .option(
      '--limit <name=number>',
      'such as requests_per_minute=100; repeatable',
      (limit, all: readonly string[] | undefined) => [...(all ?? []), limit],
    )
    .option('--expires <date>', 'such as 2027-01-31 (default: never)')
    .option('--description <text>', 'purpose of the key')
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
  return keys
    .command(usage)
    .description(description)
    .option('--file <file>', 'keys file (default: NEXUS_KEYS_FILE)');
}

function running() {
  return import('./run-keys.js');
}
