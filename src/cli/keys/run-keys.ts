import { keysFileIn } from '../../config/keys-file-setting';
import { ID_PATTERN } from '../../identity/keys/api-key';
import { instantOf } from '../../identity/keys/expiry';
import { createKey, disableKey, rotateKey } from '../../identity/keys/file/edit-keys';
import { KeysFileError, parseKeys, readKeysText } from '../../identity/keys/file/keys-file';
import { KEY_DEFAULTS, type WrittenKey } from '../../identity/keys/keys-schema';
import { SCOPES, type Scope } from '../../identity/scope';
import { QUOTA_NAMES, type QuotaSettings } from '../../limits/quota';
import { CommandError, usageError } from '../command-error';
import { table } from '../table';

/** Options of the commands of `keys`, as their help describes them. */
export interface KeyOptions {
  readonly file?: string;
  readonly tenant?: string;
  readonly scopes?: string;
  readonly models?: string;
  readonly limit?: readonly string[];
  readonly expires?: string;
  readonly description?: string;
  readonly json?: boolean;
  readonly grace?: string;
}

/** Adds the key `id` to the file, and prints it. @throws CommandError */
export async function runCreate(id: string, options: KeyOptions): Promise<void> {
  const file = fileIn(options);
  const { tenant = KEY_DEFAULTS.tenant, scopes, models, limit, expires, description } = options;
  if (!new RegExp(ID_PATTERN).test(id))
    throw usage(
      `expected an id of 1 to 64 letters, digits and hyphens, other than env-<number>; came ${JSON.stringify(id)}`,
    );
  if (expires !== undefined && (instantOf(expires) ?? 0) <= Date.now())
    throw usage(`expected --expires with a future date such as 2027-01-31; came ${JSON.stringify(expires)}`);
  const written = {
    id,
    tenant,
    scopes: scopes === undefined ? KEY_DEFAULTS.scopes : scopesIn(scopes),
    models: models === undefined ? KEY_DEFAULTS.models : wordsIn(models),
    ...(limit === undefined ? {} : { limits: limitsIn(limit) }),
    ...(expires === undefined ? {} : { expires }),
    ...(description === undefined ? {} : { description }),
  };
  print(await edited(createKey(file, written)), `added key ${id} to ${file}; it is shown only once`);
}

/** Prints the keys of the file, without their hashes. @throws CommandError */
export async function runList(options: KeyOptions): Promise<void> {
  const file = fileIn(options);
  const { keys } = await edited(readKeys(file));
  const rows = keys.map(({ id, previous, ...key }) => ({
    id,
    ...KEY_DEFAULTS,
    ...key,
    // JSON leaves it out.
    hash: undefined,
    state: stateOf(key),
    ...(previous === undefined ? {} : { previous_until: previous.until }),
  }));
  if (options.json === true) return print(JSON.stringify(rows, undefined, 2));
  const cells = rows.map(
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
  print(table(['ID', 'STATE', 'TENANT', 'SCOPES', 'MODELS', 'LIMITS', 'EXPIRES', 'DESCRIPTION'], cells));
}

/** Makes the gateway reject the key `id` from now on. @throws CommandError */
export async function runDisable(id: string, options: KeyOptions): Promise<void> {
  const file = fileIn(options);
  await edited(disableKey(file, id));
  print(undefined, `disabled key ${id} in ${file}`);
}

/** Replaces the key `id`, and prints the new one. @throws CommandError */
export async function runRotate(id: string, options: KeyOptions): Promise<void> {
  const file = fileIn(options);
  const graceMs = durationIn(options.grace ?? '24h');
  const until = graceMs === 0 ? undefined : new Date(Date.now() + graceMs);
  const key = await edited(rotateKey(file, id, until));
  const old = until === undefined ? 'rejected from now on' : `accepted until ${until.toISOString()}`;
  print(key, `rotated key ${id} in ${file}; the new key is shown only once, the old one is ${old}`);
}

/** Prints `result` on stdout, and `note` for people on stderr. */
function print(result: string | undefined, note?: string): void {
  if (note !== undefined) process.stderr.write(`${note}\n`);
  if (result !== undefined) process.stdout.write(`${result}\n`);
}

/** The result of `edit`. The faults of the file, and those of reading and writing it, end the command. */
async function edited<T>(edit: Promise<T>): Promise<T> {
  return edit.catch((error: Error) => {
    throw new CommandError(error instanceof KeysFileError ? error.lines.join('\n') : error.message);
  });
}

async function readKeys(file: string) {
  return parseKeys(readKeysText(file));
}

function usage(message: string): CommandError {
  return usageError(message, 'see nexus keys --help');
}

function fileIn(options: KeyOptions): string {
  const file = options.file ?? keysFileIn();
  if (file === '') throw usage('expected a keys file; set NEXUS_KEYS_FILE or --file');
  return file;
}

function wordsIn(list: string): string[] {
  return list.split(',').map((word) => word.trim());
}

function scopesIn(list: string): Scope[] {
  const words = wordsIn(list);
  const wrong = words.find((word) => !SCOPES.some((scope) => scope === word));
  if (wrong === undefined) return words as Scope[];
  throw usage(`expected --scopes from ${SCOPES.join(', ')}; came ${JSON.stringify(wrong)}`);
}

function limitsIn(list: readonly string[]): QuotaSettings {
  return Object.fromEntries(
    list.map((limit) => {
      const [name = '', value = ''] = limit.split('=');
      if (QUOTA_NAMES.some((known) => known === name) && /^[1-9]\d{0,14}$/.test(value))
        return [name, Number(value)];
      throw usage(
        `expected --limit <name>=<number> with one of ${QUOTA_NAMES.join(', ')}; came ${JSON.stringify(limit)}`,
      );
    }),
  );
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationIn(text: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * UNIT_MS[unit]!;
  throw usage(`expected --grace with a duration such as 30m, 24h or 7d; came ${JSON.stringify(text)}`);
}

function stateOf({ disabled, expires }: Omit<WrittenKey, 'id'>): 'active' | 'disabled' | 'expired' {
  if (disabled === true) return 'disabled';
  return expires !== undefined && instantOf(expires)! <= Date.now() ? 'expired' : 'active';
}
