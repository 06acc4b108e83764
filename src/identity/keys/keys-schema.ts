import { QUOTA_NAMES, type QuotaSettings } from '../../limits/quota';
import { QUOTAS_SCHEMA } from '../../limits/quota-schema';
import { SCOPES, type Scope } from '../scope';
import { ID_PATTERN } from './api-key';

/** A key as the keys file has it. */
export interface WrittenKey {
  readonly id: string;
  /** `sha256:` and 64 hexadecimal digits. Either this or `subject`. */
  readonly hash?: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly scopes?: readonly Scope[];
  readonly models?: readonly string[];
  readonly limits?: QuotaSettings;
  readonly expires?: string;
  readonly disabled?: boolean;
  readonly description?: string;
  readonly previous?: { readonly hash: string; readonly until: string };
}

/** A tenant as the keys file has it. */
export interface WrittenTenant {
  readonly id: string;
  readonly limits: QuotaSettings;
}

/** What a key has if the file does not say otherwise. */
export const KEY_DEFAULTS = {
  tenant: 'default',
  scopes: ['infer'],
  models: ['*'],
} as const satisfies Partial<WrittenKey>;

/** Maximum number of keys in a file. */
export const MAX_KEYS = 500_000;
/** Maximum number of tenants in a file. */
export const MAX_TENANTS = 10_000;

/** A property of a key or tenant. */
interface Row {
  /** Text that editors show. */
  readonly description: string;
  /** Completes "expected ..." in messages. */
  readonly expected: string;
  readonly schema: object;
}

const HASH = {
  expected: 'sha256: and 64 lower-case hexadecimal digits, as printf %s "$KEY" | sha256sum prints them',
  schema: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
} as const;
const INSTANT = {
  expected: 'a date such as 2027-01-31, or a date and time such as 2027-01-31T12:00:00Z',
  schema: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d([Tt].+)?$' },
} as const;
const TENANT = {
  expected: '1 to 64 letters, digits, dots, underscores and hyphens, in quotes if it is a number',
  schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
} as const;
const LIMITS = {
  expected: 'a whole number of at least 1',
  schema: QUOTAS_SCHEMA,
} as const;

/** One row per property of a key, in the order used in messages. keys.schema.json is generated from them. */
const KEY_ROWS: Readonly<Record<keyof WrittenKey, Row>> = {
  id: {
    description: 'Name of the key in logs, metrics and limits. It is part of the key.',
    expected:
      '1 to 64 letters, digits and hyphens, in quotes if it is a number; env-<number> is reserved for NEXUS_API_KEY',
    schema: { type: 'string', pattern: ID_PATTERN },
  },
  hash: { description: 'SHA-256 of the key, as sha256:<64 hexadecimal digits>.', ...HASH },
  subject: {
    description: 'Subject of a TLS client certificate, in place of hash: its common name, or its SPIFFE URI.',
    expected: 'the common name or SPIFFE URI of a client certificate, at most 256 characters',
    schema: { type: 'string', minLength: 1, maxLength: 256 },
  },
  tenant: { description: 'Tenant that the key belongs to. Default: default.', ...TENANT },
  scopes: {
    description: 'What the key permits: infer, read, admin. Default: [infer].',
    expected: `a list of ${SCOPES.join(', ')}`,
    schema: { type: 'array', items: { enum: SCOPES }, uniqueItems: true },
  },
  models: {
    description: 'Models that the key may use; * matches any text. Default: ["*"], all models.',
    expected: 'a list of at most 100 model names such as digits or "ocr-*", each of at most 256 characters',
    schema: { type: 'array', maxItems: 100, items: { type: 'string', minLength: 1, maxLength: 256 } },
  },
  limits: { description: 'Limits of the key. Default: none.', ...LIMITS },
  expires: { description: 'When the key expires. A date means 00:00 UTC. Default: never.', ...INSTANT },
  disabled: {
    description: 'Whether the key is rejected. Default: false.',
    expected: 'true or false',
    schema: { type: 'boolean' },
  },
  description: {
    description: 'Text for people.',
    expected: 'text of at most 1000 characters',
    schema: { type: 'string', maxLength: 1000 },
  },
  previous: {
    description: 'The key before its rotation, and until when it is accepted.',
    expected: '{ hash, until }',
    schema: {
      type: 'object',
      additionalProperties: false,
      required: ['hash', 'until'],
      properties: { hash: HASH.schema, until: INSTANT.schema },
    },
  },
};

const TENANT_ROWS: Readonly<Record<keyof WrittenTenant, Row>> = {
  id: { description: 'Name of the tenant.', ...TENANT },
  limits: { description: 'Limits of all keys of the tenant together.', ...LIMITS },
};

/** JSON schema of a key, without the rule that it has either `hash` or `subject`, which takes long to check. */
export const KEY_SCHEMA = {
  ...objectOf(KEY_ROWS, ['id']),
  dependencies: { previous: ['hash'] },
};

/** JSON schema of a tenant. */
export const TENANT_SCHEMA = objectOf(TENANT_ROWS, ['id', 'limits']);

/** JSON schema of the file. */
export const KEYS_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Nexus API keys',
  description: 'The file of NEXUS_KEYS_FILE. It contains hashes of keys, never the keys.',
  type: 'object',
  additionalProperties: false,
  required: ['keys'],
  properties: {
    keys: {
      description: 'API keys and client certificates.',
      type: ['array', 'null'],
      maxItems: MAX_KEYS,
      items: { ...KEY_SCHEMA, oneOf: [{ required: ['hash'] }, { required: ['subject'] }] },
    },
    tenants: {
      description: 'Limits of tenants.',
      type: ['array', 'null'],
      maxItems: MAX_TENANTS,
      items: TENANT_SCHEMA,
    },
  },
};

const NESTED: Readonly<Record<string, string>> = {
  'previous/hash': HASH.expected,
  'previous/until': INSTANT.expected,
};

/** Completes "expected ..." for the value at `path` in a key or tenant, such as `['limits', 'in_flight']`. */
export function expectationOf(path: readonly string[]): string {
  const [property = ''] = path;
  if (property === 'limits' && path.length === 1) return `limits such as { ${QUOTA_NAMES[1]}: 100 }`;
  return NESTED[path.join('/')] ?? KEY_ROWS[property as keyof WrittenKey].expected;
}

function objectOf(rows: Readonly<Record<string, Row>>, required: readonly string[]) {
  return {
    type: 'object',
    additionalProperties: false,
    required,
    properties: Object.fromEntries(
      Object.entries(rows).map(([name, { description, schema }]) => [name, { description, ...schema }]),
    ),
  };
}
