import { SECRET_FORM } from '../config/secret';
import { atLeast, byType, FLAG, MILLISECONDS, NON_EMPTY_TEXT, whole } from './setting-schemas';

/** A server that runs the model, as model.yaml describes it. */
export interface TargetSettings {
  readonly url: string;
  readonly protocol?: 'v2' | 'v2-grpc' | 'openai';
  readonly model?: string;
  readonly version?: string | number;
  readonly weight?: number;
  readonly region?: string;
  /** A reference to a secret; see readSecret. */
  readonly api_key?: string;
  /** Values are texts, or references to secrets. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: {
    readonly ca?: string;
    readonly certificate?: string;
    readonly key?: string;
    readonly server_name?: string;
  };
  readonly max_in_flight?: number;
}

/** How requests are routed to the targets of a model. */
export interface RoutingSettings {
  readonly session?: 'header' | 'prefix' | 'none';
  readonly retries?: number;
  readonly hedge?: boolean;
  readonly connect_timeout_ms?: number;
  readonly first_byte_timeout_ms?: number;
  readonly idle_timeout_ms?: number;
  readonly total_timeout_ms?: number;
  readonly health_interval_ms?: number;
  readonly heartbeat_ms?: number;
}

/** Classes of errors. */
const FALLBACK_ERRORS = ['unavailable', 'overloaded', 'timeout', 'failed'] as const;

/** A class of errors after which a fallback model is tried. */
export type FallbackError = (typeof FALLBACK_ERRORS)[number];

/** A model that answers in place of another. */
interface Fallback {
  readonly model: string;
  /** After which errors; after all if absent. */
  readonly on?: readonly FallbackError[];
}

/** When requests to a local model go to other servers, and to which. */
interface OverflowSettings {
  readonly to: readonly TargetSettings[];
  /** For example `queue_ms > 200`. If absent, only when the local model fails. */
  readonly when?: string;
}

/** Keys of model.yaml for models that other servers run. */
export interface RemoteSettings {
  /** Of all versions, or of each version by its number. */
  readonly targets?: readonly TargetSettings[] | Readonly<Record<string, readonly TargetSettings[]>>;
  readonly remote?: RoutingSettings;
  readonly overflow?: OverflowSettings;
  readonly fallback?: readonly (string | Fallback)[];
}

const MAX_TARGETS = 100;

/** A URL without user information, query and fragment. */
const TARGET_URL = {
  type: 'string',
  pattern: '^(?:https?|grpcs?)://[^\\s/?#@]+(?:/[^\\s?#]*)?$',
  maxLength: 2048,
} as const;
/** Bytes that a header may contain. */
const HEADER_VALUE = { ...NON_EMPTY_TEXT, pattern: '^[\\t\\x20-\\x7e]+$', maxLength: 4096 } as const;

const TARGET = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: {
      description:
        'Address of the server, such as http://gpu-1:8000, or http://gpu-2:8000/v1 for the OpenAI API. No redirect is followed.',
      ...TARGET_URL,
    },
    protocol: {
      description:
        'Protocol of the server: v2 (Open Inference Protocol over HTTP), v2-grpc, or openai. All targets of a model speak openai, or none. Default: v2.',
      enum: ['v2', 'v2-grpc', 'openai'],
    },
    model: { description: 'Name of the model there. Default: its name here.', ...NON_EMPTY_TEXT },
    version: {
      description: 'Version of the model there. Default: the server chooses.',
      anyOf: [NON_EMPTY_TEXT, atLeast(1)],
    },
    weight: { description: 'Share of the requests. Default: 1.', ...whole(1, 1000) },
    region: {
      description: 'Region of the server. Servers in NEXUS_REGION are preferred.',
      ...NON_EMPTY_TEXT,
    },
    api_key: {
      description:
        'Secret that is sent as Authorization: Bearer, as env:NAME (an environment variable) or file:/path.',
      type: 'string',
      pattern: SECRET_FORM.source,
    },
    headers: {
      description: 'Headers of every request. Values may be references as in api_key.',
      type: 'object',
      maxProperties: 32,
      propertyNames: { pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" },
      additionalProperties: HEADER_VALUE,
    },
    tls: {
      description:
        'PEM files for https and grpcs. Paths are absolute, or relative to the folder of the file.',
      type: 'object',
      additionalProperties: false,
      properties: {
        ca: { description: 'Certificates that sign the one of the server.', ...NON_EMPTY_TEXT },
        certificate: { description: 'Certificate of the gateway (mTLS).', ...NON_EMPTY_TEXT },
        key: { description: 'Key of that certificate.', ...NON_EMPTY_TEXT },
        server_name: { description: 'Name in the certificate of the server.', ...NON_EMPTY_TEXT },
      },
    },
    max_in_flight: {
      description: 'Maximum requests in flight at the server. Default: 256.',
      ...whole(1, 65_536),
    },
  },
} as const;

const TARGETS = { type: 'array', minItems: 1, maxItems: MAX_TARGETS, items: TARGET } as const;

const FALLBACK = {
  type: 'object',
  additionalProperties: false,
  required: ['model'],
  properties: {
    model: { description: 'Name of a served model.', ...NON_EMPTY_TEXT },
    on: {
      description: `Errors after which it is tried. Default: all of ${FALLBACK_ERRORS.join(', ')}.`,
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { enum: FALLBACK_ERRORS },
    },
  },
} as const;

/** The rows of {@link RemoteSettings} in the table of settings. */
export const REMOTE_SETTINGS = {
  targets: {
    description:
      'Servers that run the model, which then has no file here: a list, or a list for each version, as in { 1: [...], 2: [...] }.',
    inRemote: 'only',
    schema: byType('array', TARGETS, {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: '^[1-9][0-9]{0,8}$' },
      additionalProperties: TARGETS,
    }),
  },
  remote: {
    description: 'How requests are routed to the targets or the overflow targets.',
    besideConfig: true,
    inRemote: true,
    schema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        session: {
          description:
            'What keeps requests on one target: header (x-session-id), prefix (that header, or else the first message of a chat), or none. Default: header.',
          enum: ['header', 'prefix', 'none'],
        },
        retries: { description: 'Maximum retries of a request. Default: 2.', ...whole(0, 10) },
        hedge: {
          description:
            'Whether a request that takes longer than 95 of 100 others is also sent to a second target. Default: false.',
          ...FLAG,
        },
        connect_timeout_ms: { description: 'Default: 1000.', ...MILLISECONDS },
        first_byte_timeout_ms: {
          description: 'Time from the request to the first byte of the response. Default: 60000.',
          ...MILLISECONDS,
        },
        idle_timeout_ms: {
          description: 'Time between two parts of a response. Default: 60000.',
          ...MILLISECONDS,
        },
        total_timeout_ms: { description: 'Time of a whole response. Default: 600000.', ...MILLISECONDS },
        health_interval_ms: {
          description: 'Time between health checks. Default: 2000.',
          ...whole(100, 600_000),
        },
        heartbeat_ms: {
          description: 'Sends a comment in event streams after this silence. Default: never.',
          ...whole(100, 600_000),
        },
      },
    },
  },
  overflow: {
    description:
      'Servers that run requests which the local model cannot: when it fails, or when a condition such as queue_ms > 200 holds.',
    besideConfig: true,
    schema: {
      type: 'object',
      additionalProperties: false,
      required: ['to'],
      properties: {
        to: { description: 'The servers.', ...TARGETS },
        when: {
          description: 'queue_ms > N: when a request would wait longer than N ms. Default: only on failure.',
          type: 'string',
          pattern: '^queue_ms *> *[0-9]{1,8}$',
        },
      },
    },
  },
  fallback: {
    description: 'Models that answer when this one cannot, in order. Clients need access to them.',
    live: true,
    besideConfig: true,
    inPipeline: true,
    inRemote: true,
    schema: {
      type: 'array',
      minItems: 1,
      maxItems: 8,
      items: byType('object', FALLBACK, NON_EMPTY_TEXT),
    },
  },
} as const;

/** The targets of each version of a model that other servers run. A list is of version 1; other settings have no targets. */
export function targetsByVersion({
  targets = {},
}: RemoteSettings): Readonly<Record<string, readonly TargetSettings[]>> {
  return isList(targets) ? { 1: targets } : targets;
}

function isList(targets: NonNullable<RemoteSettings['targets']>): targets is readonly TargetSettings[] {
  return Array.isArray(targets);
}

/** The fallbacks in `settings`, in order. */
export function fallbacksOf({ fallback = [] }: RemoteSettings): readonly Fallback[] {
  return fallback.map((entry) => (typeof entry === 'string' ? { model: entry } : entry));
}

/** The longest wait that `when` accepts, in milliseconds; Infinity if it is absent. */
export function queueLimitOf({ when }: OverflowSettings): number {
  return when === undefined ? Infinity : Number(when.split('>')[1]);
}
