// JSON schemas of the values in model.yaml.

/** Any text. */
export const TEXT = { type: 'string' } as const;
/** The name of a tensor, a model or a file. */
export const NON_EMPTY_TEXT = { type: 'string', minLength: 1 } as const;
/** Names, each once. */
export const DISTINCT_NAMES = {
  type: 'array',
  minItems: 1,
  uniqueItems: true,
  items: NON_EMPTY_TEXT,
} as const;
/** True or false. */
export const FLAG = { type: 'boolean' } as const;
/** A number of rows, or the size of another dimension. */
export const DIMENSION_SIZE = whole(1, 65_536);
/** A time of at most a day. */
export const MILLISECONDS = whole(1, 86_400_000);
/** A priority level, or the number of levels. */
export const PRIORITY_LEVEL = whole(1, 100);

/** How inputs are padded. */
export const PAD = {
  type: 'object',
  additionalProperties: false,
  required: ['axis', 'lengths', 'inputs'],
  properties: {
    axis: { description: 'Dimension to pad; 1 is the second.', ...whole(1, 15) },
    lengths: {
      description: 'Lengths to pad to. Longer inputs are not padded.',
      ...choices(atLeast(1)),
    },
    inputs: {
      description: 'Padding value of each input.',
      type: 'object',
      minProperties: 1,
      additionalProperties: { type: 'number' },
    },
    mask: { description: 'Input with the attention mask, which is padded with zeros.', ...TEXT },
    outputs: {
      description: 'Outputs to trim to the length of the request.',
      type: 'array',
      items: TEXT,
    },
  },
} as const;

/** How responses are cached. */
export const CACHE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ttl_s: {
      description: 'How long a response is reused, in seconds. Default: 60.',
      ...whole(1, 31_536_000),
    },
    scope: {
      description:
        'Who can receive a cached response: caller, only the client that it was computed for, or all, every client. Default: caller.',
      enum: ['caller', 'all'],
    },
  },
} as const;

/** Which requests are written to the payload log, and how. */
export const PAYLOAD_LOG = {
  type: 'object',
  additionalProperties: false,
  required: ['sample'],
  properties: {
    sample: {
      description: 'Share of the successful requests, from 0 to 1.',
      type: 'number',
      minimum: 0,
      maximum: 1,
    },
    max_bytes: {
      description: 'Maximum size of the inputs and outputs in a line, in bytes. Default: 2048.',
      ...whole(256, 16_384),
    },
    redact: {
      description: 'Inputs and outputs whose elements are left out.',
      ...DISTINCT_NAMES,
    },
    texts: {
      description: 'Whether elements that are text are written. Default: false.',
      ...FLAG,
    },
  },
} as const;

/** One warm-up run before READY. */
export const WARM_UP = {
  type: 'object',
  additionalProperties: false,
  required: ['rows'],
  properties: {
    rows: {
      description: 'Rows of the run: the size of the first dimension of every input, if it is variable.',
      ...DIMENSION_SIZE,
    },
    dims: { description: 'Size of all other variable dimensions. Default: 1.', ...DIMENSION_SIZE },
    fill: {
      description: 'Content of inputs without a file. Default: zeros.',
      enum: ['zeros', 'random'],
    },
    files: {
      description: 'Files with the bytes of inputs, next to model.yaml: little-endian, without a header.',
      type: 'object',
      additionalProperties: NON_EMPTY_TEXT,
    },
  },
} as const;

const NAMES_BY_NAME = { type: 'object', minProperties: 1, additionalProperties: NON_EMPTY_TEXT } as const;

/** One step of a pipeline. */
export const STEP = {
  type: 'object',
  additionalProperties: false,
  required: ['model', 'inputs', 'outputs'],
  properties: {
    model: { description: 'Name of a served model.', ...NON_EMPTY_TEXT },
    version: { description: 'Version of the model. Default: the newest READY version.', ...atLeast(1) },
    inputs: {
      description: 'Pipeline tensor that each input of the model reads, by input name.',
      ...NAMES_BY_NAME,
    },
    outputs: {
      description: 'Name in the pipeline of each output of the model that is used, by output name.',
      ...NAMES_BY_NAME,
    },
  },
} as const;

/** An integer of at least `minimum`. */
export function atLeast(minimum: number) {
  return { type: 'integer', minimum } as const;
}

/** An integer from `minimum` to `maximum`. */
export function whole(minimum: number, maximum: number) {
  return { ...atLeast(minimum), maximum } as const;
}

/** A list of distinct values with the schema `items`. */
export function choices<T extends object>(items: T) {
  return { type: 'array', items, minItems: 1, maxItems: 64, uniqueItems: true } as const;
}

/** A value with the schema `matching` if it has the JSON `type`, and with `other` if not. Errors come from that schema. */
export function byType<T extends string, A extends object, B extends object>(type: T, matching: A, other: B) {
  return {
    allOf: [
      { if: { not: { type } }, else: matching },
      { if: { type }, else: other },
    ],
  } as const;
}
