import { parseArgs } from 'node:util';
import { keysFileIn } from './config/keys-file-setting';
import { ID_PATTERN } from './identity/keys/api-key';
import { instantOf } from './identity/keys/expiry';
import { createKey, disableKey, rotateKey } from './identity/keys/file/edit-keys';
import { KeysFileError, parseKeys, readKeysText } from './identity/keys/file/keys-file';
import { KEY_DEFAULTS, type WrittenKey } from './identity/keys/keys-schema';
import { SCOPES, type Scope } from './identity/scope';
import { QUOTA_NAMES, type QuotaSettings } from './limits/quota';

const USAGE = `Usage: node dist/main.js keys <command> [--file keys.yaml]

  create <id>   adds a key and prints it; it is shown only once
    --tenant T                        default: ${KEY_DEFAULTS.tenant}
    --scopes infer,read,admin         default: ${KEY_DEFAULTS.scopes.join()}
    --models 'digits,ocr-*'           default: all models
    --limit requests_per_minute=100   can be repeated
    --expires 2027-01-31              default: never
    --description TEXT
  list          prints the keys without their hashes
    --json
  disable <id>  rejects the key from now on
  rotate <id>   replaces the key and prints the new one; it is shown only once
    --grace 24h                       how long the old key is still accepted; 0s for not at all

The file is that of NEXUS_KEYS_FILE, or --file. Nexus reads it again when it changes.`;

const STRING = { type: 'string' } as const;

/** The options of each command. */
const OPTIONS = {
  create: {
    tenant: STRING,
    scopes: STRING,
    models: STRING,
    limit: { type: 'string', multiple: true },
    expires: STRING,
    description: STRING,
  },
  list: { json: { type: 'boolean' } },
  disable: {},
  rotate: { grace: STRING },
} as const;

type Command = keyof typeof OPTIONS;

interface Arguments {
  readonly file: string;
  /** Empty for `list`. */
  readonly id: string;
  readonly tenant?: string;
  readonly scopes?: string;
  readonly models?: string;
  readonly limit?: readonly string[];
  readonly expires?: string;
  readonly description?: string;
  readonly json?: boolean;
  readonly grace?: string;
}

/** The arguments cannot be used. */
class UsageError extends Error {}

/** What a command prints: `result` on stdout, and `note` for people on stderr. */
interface Output {
  readonly result?: string;
  readonly note?: string;
}

const COMMANDS: Readonly<Record<Command, (given: Arguments) => Promise<Output>>> = {
  create: runCreate,
  list: runList,
  disable: runDisable,
  rotate: runRotate,
};

/**
 * Runs the command `keys` with `args`. Writes a new key, and nothing else, to stdout. Returns the exit code: 2 if the
 * arguments cannot be used, 1 if the command failed.
 */
export async function runKeys(args: readonly string[]): Promise<0 | 1 | 2> {
  try {
    const { result, note } = await outputOf(args);
    if (note !== undefined) process.stderr.write(`${note}\n`);
    if (result !== undefined) process.stdout.write(`${result}\n`);
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const lines = error instanceof KeysFileError ? error.lines : [(error as Error).message];
    for (const line of lines) process.stderr.write(`keys: ${line}${isUsage ? '; see keys --help' : ''}\n`);
    return isUsage ? 2 : 1;
  }
}

async function outputOf(args: readonly string[]): Promise<Output> {
  const [command = '', ...rest] = args;
  if (args.includes('--help') || args.includes('-h')) return { result: USAGE };
  if (isCommand(command)) return COMMANDS[command](argumentsIn(command, rest));
  const known = Object.keys(OPTIONS).join(', ');
  throw new UsageError(`expected a command, one of ${known}; came ${JSON.stringify(command)}`);
}

async function runCreate(given: Arguments): Promise<Output> {
  const { file, id, tenant, scopes, models, limit, expires, description } = given;
  if (!new RegExp(ID_PATTERN).test(id))
    throw new UsageError(
      `expected an id of 1 to 64 letters, digits and hyphens, other than env-<number>; came ${JSON.stringify(id)}`,
    );
  if (expires !== undefined && (instantOf(expires) ?? 0) <= Date.now())
    throw new UsageError(
      `expected --expires with a future date such as 2027-01-31; came ${JSON.stringify(expires)}`,
    );
  const key = await createKey(file, {
    id,
    tenant: tenant ?? KEY_DEFAULTS.tenant,
    scopes: scopes === undefined ? KEY_DEFAULTS.scopes : scopesIn(scopes),
    models: models === undefined ? KEY_DEFAULTS.models : wordsIn(models),
    ...(limit === undefined ? {} : { limits: limitsIn(limit) }),
    ...(expires === undefined ? {} : { expires }),
    ...(description === undefined ? {} : { description }),
  });
  return { result: key, note: `added key ${id} to ${file}; it is shown only once` };
}

async function runList({ file, json }: Arguments): Promise<Output> {
  const { keys } = parseKeys(readKeysText(file));
  const rows = keys.map(({ id, previous, ...key }) => ({
    id,
    ...KEY_DEFAULTS,
    ...key,
    // JSON leaves it out.
    hash: undefined,
    state: stateOf(key),
    ...(previous === undefined ? {} : { previous_until: previous.until }),
  }));
  if (json === true) return { result: JSON.stringify(rows, undefined, 2) };
  const table = rows.map(
    ({ id, state, tenant, scopes, models, limits = {}, expires = 'never', description }) => [
      id,
      state,
      tenant,
      scopes.join(),
      models.join(),
      Object.entries(limits)
        .map((limit) => limit.join('='))
        .join(),
      expires,
      description ?? '',
    ],
  );
  return {
    result: aligned([
      ['ID', 'STATE', 'TENANT', 'SCOPES', 'MODELS', 'LIMITS', 'EXPIRES', 'DESCRIPTION'],
      ...table,
    ]),
  };
}

async function runDisable({ file, id }: Arguments): Promise<Output> {
  await disableKey(file, id);
  return { note: `disabled key ${id} in ${file}` };
}

async function runRotate({ file, id, grace = '24h' }: Arguments): Promise<Output> {
  const graceMs = durationIn(grace);
  const until = graceMs === 0 ? undefined : new Date(Date.now() + graceMs);
  const key = await rotateKey(file, id, until);
  const old = until === undefined ? 'rejected from now on' : `accepted until ${until.toISOString()}`;
  return {
    result: key,
    note: `rotated key ${id} in ${file}; the new key is shown only once, the old one is ${old}`,
  };
}

function isCommand(word: string): word is Command {
  return Object.hasOwn(OPTIONS, word);
}

function argumentsIn(command: Command, args: readonly string[]): Arguments {
  const { values, positionals } = parsed(command, args);
  const expected = command === 'list' ? 0 : 1;
  if (positionals.length !== expected)
    throw new UsageError(`expected ${expected === 0 ? 'no id' : 'one id'}; came ${positionals.length}`);
  const file = values['file'] ?? keysFileIn();
  if (file === '') throw new UsageError('expected a keys file; set NEXUS_KEYS_FILE or --file');
  return { ...values, file, id: positionals[0] ?? '' };
}

function parsed(
  command: Command,
  args: readonly string[],
): {
  readonly values: Omit<Arguments, 'id' | 'file'> & { file?: string };
  readonly positionals: readonly string[];
} {
  try {
    const options = { ...OPTIONS[command], file: STRING };
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { values: values as Omit<Arguments, 'id'>, positionals };
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}

function wordsIn(list: string): string[] {
  return list.split(',').map((word) => word.trim());
}

function scopesIn(list: string): Scope[] {
  const words = wordsIn(list);
  const wrong = words.find((word) => !SCOPES.some((scope) => scope === word));
  if (wrong === undefined) return words as Scope[];
  throw new UsageError(`expected --scopes from ${SCOPES.join(', ')}; came ${JSON.stringify(wrong)}`);
}

function limitsIn(list: readonly string[]): QuotaSettings {
  return Object.fromEntries(
    list.map((limit) => {
      const [name = '', value = ''] = limit.split('=');
      if (QUOTA_NAMES.some((known) => known === name) && /^[1-9]\d{0,14}$/.test(value))
        return [name, Number(value)];
      throw new UsageError(
        `expected --limit <name>=<number> with one of ${QUOTA_NAMES.join(', ')}; came ${JSON.stringify(limit)}`,
      );
    }),
  );
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationIn(text: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * UNIT_MS[unit]!;
  throw new UsageError(
    `expected --grace with a duration such as 30m, 24h or 7d; came ${JSON.stringify(text)}`,
  );
}

function stateOf({ disabled, expires }: Omit<WrittenKey, 'id'>): 'active' | 'disabled' | 'expired' {
  if (disabled === true) return 'disabled';
  return expires !== undefined && instantOf(expires)! <= Date.now() ? 'expired' : 'active';
}

function aligned(table: readonly (readonly string[])[]): string {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
