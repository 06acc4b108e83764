// JSON schemas of the values in model.yaml, and of what they are made of.

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
/** Yes or no. */
export const FLAG = { type: 'boolean' } as const;
/** A number of rows, or the size of another dimension. */
export const DIMENSION_SIZE = whole(1, 65_536);
/** A time of at most a day. */
export const MILLISECONDS = whole(1, 86_400_000);
/** A priority level, or how many there are. */
export const PRIORITY_LEVEL = whole(1, 100);

/** How inputs are padded. */
export const PAD = {
  type: 'object',
  additionalProperties: false,
  required: ['axis', 'lengths', 'inputs'],
  properties: {
    axis: { description: 'The dimension that is the length; 1 is the second.', ...whole(1, 15) },
    lengths: {
      description: 'The lengths to fill up to; longer inputs stay as they are.',
      ...choices(atLeast(1)),
    },
    inputs: {
      description: 'The number that each of these inputs is filled up with.',
      type: 'object',
      minProperties: 1,
      additionalProperties: { type: 'number' },
    },
    mask: { description: 'The input that says what is real: it is filled up with zeros.', ...TEXT },
    outputs: {
      description: 'Outputs that have the length too, and are cut back to it.',
      type: 'array',
      items: TEXT,
    },
  },
} as const;

/** How answers are cached. */
export const CACHE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ttl_s: {
      description: 'How long an answer is given again, in seconds. Default: 60.',
      ...whole(1, 31_536_000),
    },
    scope: {
      description: 'Who is given it: caller, only the one it was computed for, or all. Default: caller.',
      enum: ['caller', 'all'],
    },
  },
} as const;

/** One run before READY. */
export const WARM_UP = {
  type: 'object',
  additionalProperties: false,
  required: ['rows'],
  properties: {
    rows: { description: 'First dimension of every input of a model that batches.', ...DIMENSION_SIZE },
    dims: { description: 'Size of every other variable dimension. Default: 1.', ...DIMENSION_SIZE },
    fill: {
      description: 'What inputs without a file are made of. Default: zeros.',
      enum: ['zeros', 'random'],
    },
    files: {
      description: 'Files beside model.yaml with the bytes of inputs, little-endian and without a header.',
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
    model: { description: 'Name of a model that is served.', ...NON_EMPTY_TEXT },
    version: { description: 'Its version. Default: the newest that is READY.', ...atLeast(1) },
    inputs: {
      description: 'For each input of the model, the name of the tensor in the pipeline.',
      ...NAMES_BY_NAME,
    },
    outputs: {
      description: 'For each output of the model that is used, the name of the tensor in the pipeline.',
      ...NAMES_BY_NAME,
    },
  },
} as const;

/** A whole number that is at least `minimum`. */
export function atLeast(minimum: number) {
  return { type: 'integer', minimum } as const;
}

/** A whole number from `minimum` to `maximum`. */
export function whole(minimum: number, maximum: number) {
  return { ...atLeast(minimum), maximum } as const;
}

/** Some different values that are as `items` says. */
export function choices<T extends object>(items: T) {
  return { type: 'array', items, minItems: 1, maxItems: 64, uniqueItems: true } as const;
}
