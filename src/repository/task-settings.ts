import { POOLINGS, type Pooling } from '../tasks/head';
import {
  CHANNEL_ORDERS,
  PICTURE_LAYOUTS,
  RESAMPLINGS,
  type ChannelOrder,
  type PictureLayout,
  type PictureSize,
  type Resampling,
} from '../tasks/picture-recipe';
import { TASKS, type TaskName } from '../tasks/task-definition';
import { atLeast, byType, choices, FLAG, NON_EMPTY_TEXT, TEXT, whole } from './setting-schemas';

/** How model.yaml describes the preparation of pictures. Absent members are taken from preprocessor_config.json. */
export interface PictureSettings {
  /** A number is the length of both edges. */
  readonly size?: number | PictureSize | { readonly shortest_edge: number };
  readonly crop?: number | PictureSize;
  readonly resample?: Resampling;
  readonly rescale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly channels?: ChannelOrder;
  readonly layout?: PictureLayout;
}

/** Keys of model.yaml for models of text or pictures. */
export interface TaskSettings {
  readonly task?: TaskName;
  readonly tokenizer?: string;
  /** `none` if the model has an output that is already pooled. */
  readonly pooling?: 'none' | Pooling | readonly Pooling[];
  readonly normalize?: boolean;
  readonly max_tokens?: number;
  readonly max_batch_tokens?: number;
  readonly prompts?: Readonly<Record<string, string>>;
  readonly default_prompt?: string;
  readonly dimensions?: readonly number[];
  readonly token_ids?: boolean;
  readonly file?: string;
}

/** Maximum length of an edge of a prepared picture, in pixels. */
export const MAX_EDGE = 4096;
/** Maximum number of tokens of a text. */
export const MAX_TOKENS = 1_000_000;

const EDGE = whole(1, MAX_EDGE);
const RECTANGLE = {
  type: 'object',
  required: ['height', 'width'],
  additionalProperties: false,
  properties: { height: EDGE, width: EDGE },
} as const;
const SHORTEST_EDGE = {
  type: 'object',
  required: ['shortest_edge'],
  additionalProperties: false,
  properties: { shortest_edge: EDGE },
} as const;
const CHANNELS = { type: 'array', minItems: 1, maxItems: 3 } as const;
/** A path inside the folder of the model. */
const INNER_PATH = { ...NON_EMPTY_TEXT, pattern: '^(?!/)(?!(.*/)?\\.\\.(/|$))' } as const;

/** How the pictures of an input are prepared. */
const IMAGE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    size: {
      description:
        'Size that pictures are resized to: a number of pixels for both edges, { height, width }, or { shortest_edge }, which keeps the proportions. Default: no resizing.',
      anyOf: [EDGE, RECTANGLE, SHORTEST_EDGE],
    },
    crop: {
      description:
        'Size that is cut from the centre: a number of pixels for both edges, or { height, width }. Default: no cropping.',
      anyOf: [EDGE, RECTANGLE],
    },
    resample: {
      description: 'Method of resampling, as in Pillow. Default: bilinear.',
      enum: RESAMPLINGS,
    },
    rescale: { description: 'Factor of every 8-bit value. Default: 1/255.', type: 'number' },
    mean: {
      description: 'Subtracted from each channel after rescaling. Default: zeros.',
      ...CHANNELS,
      items: { type: 'number' },
    },
    std: {
      description: 'Divides each channel afterwards. Default: ones.',
      ...CHANNELS,
      items: { type: 'number', exclusiveMinimum: 0 },
    },
    channels: { description: 'Order of the channels. Default: rgb.', enum: CHANNEL_ORDERS },
    layout: {
      description: 'Whether the channels are the first or the last dimension of a picture. Default: chw.',
      enum: PICTURE_LAYOUTS,
    },
  },
} as const;

/** Inputs of a model that receive pictures. */
export const PICTURE_INPUTS = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    required: ['image'],
    properties: {
      image: { description: 'How pictures become the values of this input.', ...IMAGE },
    },
  },
} as const;

/** The rows of {@link TaskSettings} in the table of settings. */
export const TASK_SETTINGS = {
  task: {
    description:
      'What the model computes from text or pictures. Default: read from the config.json of a Hugging Face folder; without one, the model takes tensors.',
    schema: { enum: TASKS },
  },
  file: {
    description:
      'Path of the ONNX file in each version folder, such as onnx/model_quantized.onnx. Default: model.onnx, or else onnx/model.onnx.',
    schema: INNER_PATH,
  },
  tokenizer: {
    description: 'Path of the tokenizer file in the model folder. Default: tokenizer.json.',
    schema: INNER_PATH,
  },
  pooling: {
    description:
      'How the vectors of the tokens become one vector: a method, a list of methods whose results are concatenated, or none if the model has an output that is already pooled. Default: read from modules.json.',
    schema: byType('array', choices({ enum: POOLINGS }), { enum: [...POOLINGS, 'none'] }),
  },
  normalize: {
    description: 'Whether embeddings are scaled to length 1. Default: read from modules.json.',
    schema: FLAG,
  },
  max_tokens: {
    description:
      'Maximum tokens of a text, special tokens included. Default: read from sentence_bert_config.json, tokenizer_config.json or config.json.',
    schema: whole(1, MAX_TOKENS),
  },
  max_batch_tokens: {
    description: 'Maximum tokens in a run, padding included. A longer text runs alone.',
    schema: whole(1, 100 * MAX_TOKENS),
  },
  prompts: {
    description:
      'Texts to put before a text, by name, such as { query: "query: " }. Default: read from config_sentence_transformers.json.',
    schema: { type: 'object', maxProperties: 100, additionalProperties: TEXT },
  },
  default_prompt: {
    description: 'Name of the prompt for requests that name none; an empty text for no prompt.',
    schema: TEXT,
  },
  dimensions: {
    description:
      'Sizes that embeddings may be cut to, for models trained for it (Matryoshka). Default: only the full size.',
    schema: choices(atLeast(1)),
  },
  token_ids: {
    description: 'Whether requests may contain token ids in place of text. Default: false.',
    schema: FLAG,
  },
} as const;
