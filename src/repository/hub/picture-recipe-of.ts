import type { PictureRecipe, PictureSize, Resampling } from '../../tasks/picture-recipe';
import { MAX_EDGE, type PictureSettings } from '../task-settings';
import type { JsonFields } from './json-fields';
import { ModelSettingsError } from '../model-settings';

/** Methods of resampling by their numbers in Pillow. */
const CODES: Readonly<Record<number, Resampling>> = {
  0: 'nearest',
  1: 'lanczos',
  2: 'bilinear',
  3: 'bicubic',
  4: 'box',
  5: 'hamming',
};

/** Steps that Nexus performs, or that do not matter for the values of a picture. */
const KNOWN_STEPS: readonly string[] = [
  'do_resize',
  'do_center_crop',
  'do_rescale',
  'do_normalize',
  'do_convert_rgb',
  'do_flip_channel_order',
  'do_reduce_labels',
];

/** Families of image processors that take `size: 224` as the shortest edge, and as the length of both edges. */
const BY_SHORTEST_EDGE: readonly string[] = [
  'Bit',
  'CLIP',
  'ChineseCLIP',
  'ConvNext',
  'MobileNetV1',
  'MobileNetV2',
];
const BY_BOTH_EDGES: readonly string[] = ['ViT', 'DeiT', 'Beit', 'EfficientNet'];
/** Families whose steps have rules of their own that no field shows. */
const REFUSED: readonly string[] = ['Levit', 'PoolFormer'];

/** From this edge on, ConvNeXt resizes without cropping. */
const CONVNEXT_UNCROPPED = 384;
const CONVNEXT_CROP = 224 / 256;
const CORRECT = 'remove the file and set the steps in inputs of model.yaml';
/** Brings 8-bit values to the range from 0 to 1. */
const BYTE = 1 / 255;

/**
 * Reads how pictures become the input of a model.
 * @param file the content of preprocessor_config.json; undefined if there is none.
 * @param settings take precedence over the file.
 * @param isGrey whether the network has one channel.
 * @throws ModelSettingsError for a step that Nexus does not perform, or if a number is missing: a default that does not
 * fit the model would give wrong answers.
 */
export function pictureRecipeOf(
  file: JsonFields | undefined,
  settings: PictureSettings,
  isGrey: boolean,
): PictureRecipe {
  const given = file === undefined ? settings : { ...settingsIn(file, settings, isGrey), ...settings };
  const { size, crop, channels = isGrey ? 'grey' : 'rgb' } = given;
  const count = channels === 'grey' ? 1 : 3;
  const { mean = Array<number>(count).fill(0), std = Array<number>(count).fill(1) } = given;
  for (const [key, { length }] of Object.entries({ mean, std }))
    if (length !== count)
      throw new ModelSettingsError(
        `${file?.shown ?? 'model.yaml'}: the ${key} of pictures: expected a number for each channel (${channels}), got ${length}; set ${key} or channels in inputs of model.yaml`,
      );
  return {
    resize: size === undefined ? undefined : resizeOf(size),
    resampling: given.resample ?? 'bilinear',
    crop: crop === undefined ? undefined : squareOr(crop),
    rescale: given.rescale ?? BYTE,
    mean,
    std,
    channels,
    layout: given.layout ?? 'chw',
  };
}

/** What `file` says of the members that are not `given`, as if it was written in model.yaml. */
function settingsIn(file: JsonFields, given: PictureSettings, isGrey: boolean): PictureSettings {
  const family = familyOf(file);
  refuseSteps(file, family);
  const resizes = file.flag('do_resize') ?? true;
  const crops = file.flag('do_center_crop');
  if (crops === undefined && file.get('crop_size') !== undefined && given.crop === undefined)
    throw file.fault('do_center_crop', 'true or false beside crop_size');
  const rescales = file.flag('do_rescale') ?? true;
  return {
    ...(resizes && given.size === undefined ? sizeAndCrop(file, family) : {}),
    ...(crops === true && given.crop === undefined ? { crop: cropIn(file) } : {}),
    ...(resizes && given.resample === undefined ? { resample: resampleIn(file) } : {}),
    rescale: rescales ? (file.number('rescale_factor') ?? BYTE) : 1,
    ...((file.flag('do_normalize') ?? true) ? normalization(file, given, family) : {}),
    channels: isGrey ? 'grey' : file.flag('do_flip_channel_order') === true ? 'bgr' : 'rgb',
    layout: /last/i.test(file.text('data_format') ?? '') ? 'hwc' : 'chw',
  };
}

/** For example `ConvNext`; empty if the file names no class. */
function familyOf(file: JsonFields): string {
  const name = file.text('image_processor_type') ?? file.text('feature_extractor_type') ?? '';
  return name.replace(/(ImageProcessor(Fast|Pil)?|FeatureExtractor)$/, '');
}

/** @throws ModelSettingsError for the first step that Nexus does not perform. */
function refuseSteps(file: JsonFields, family: string): void {
  if (REFUSED.includes(family)) {
    const key =
      file.text('image_processor_type') === undefined ? 'feature_extractor_type' : 'image_processor_type';
    throw file.fault(key, 'a supported image processor', CORRECT);
  }
  const step = file.keys.find(
    (key) => key.startsWith('do_') && !KNOWN_STEPS.includes(key) && file.get(key) !== false,
  );
  if (step !== undefined) throw file.fault(step, 'false, because Nexus has no such step', CORRECT);
  if (file.get('crop_pct') !== undefined && family !== 'ConvNext')
    throw file.fault('crop_pct', 'nothing, because only ConvNeXt has it', CORRECT);
  if (file.flag('rescale_offset') === true)
    throw file.fault('rescale_offset', 'false, because Nexus does not shift values', CORRECT);
}

/** Mean and standard deviation. EfficientNet divides by the deviation twice. */
function normalization(
  file: JsonFields,
  given: PictureSettings,
  family: string,
): Pick<PictureSettings, 'mean' | 'std'> {
  const power = family === 'EfficientNet' && file.flag('include_top') !== false ? 2 : 1;
  return {
    ...(given.mean === undefined ? { mean: channelsIn(file, 'image_mean') } : {}),
    ...(given.std === undefined ? { std: channelsIn(file, 'image_std').map((value) => value ** power) } : {}),
  };
}

function resampleIn(file: JsonFields): Resampling {
  const code = file.integer('resample', 0, 5);
  if (code === undefined)
    throw file.fault('resample', 'the number of a method of resampling', byHand('resample'));
  return CODES[code]!;
}

/** ConvNeXt resizes to a larger size than `size`, and crops to it. */
function sizeAndCrop(file: JsonFields, family: string): Pick<PictureSettings, 'size' | 'crop'> {
  const size = sizeIn(file, family);
  if (family !== 'ConvNext' || !('shortest_edge' in size)) return { size };
  const edge = size.shortest_edge;
  if (edge >= CONVNEXT_UNCROPPED) return { size: { height: edge, width: edge } };
  const part = file.number('crop_pct', 0.1, 1) ?? CONVNEXT_CROP;
  return { size: { shortest_edge: Math.trunc(edge / part) }, crop: edge };
}

function sizeIn(file: JsonFields, family: string): PictureSize | { readonly shortest_edge: number } {
  const form = '{"height", "width"} or {"shortest_edge"}';
  if (typeof file.get('size') === 'number') {
    const edge = file.integer('size', 1, MAX_EDGE)!;
    if (BY_SHORTEST_EDGE.includes(family)) return { shortest_edge: edge };
    if (BY_BOTH_EDGES.includes(family)) return { height: edge, width: edge };
    throw file.fault('size', form, byHand('size'));
  }
  const size = file.object('size');
  const rectangle = rectangleIn(size);
  if (rectangle !== undefined) return rectangle;
  const edge = isOnly(size, ['shortest_edge']) ? size?.integer('shortest_edge', 1, MAX_EDGE) : undefined;
  if (edge === undefined) throw file.fault('size', form, byHand('size'));
  return { shortest_edge: edge };
}

function cropIn(file: JsonFields): number | PictureSize {
  if (typeof file.get('crop_size') === 'number') return file.integer('crop_size', 1, MAX_EDGE)!;
  const rectangle = rectangleIn(file.object('crop_size'));
  if (rectangle === undefined)
    throw file.fault('crop_size', 'a number or {"height", "width"}', byHand('crop'));
  return rectangle;
}

function rectangleIn(size: JsonFields | undefined): PictureSize | undefined {
  if (!isOnly(size, ['height', 'width'])) return undefined;
  const height = size?.integer('height', 1, MAX_EDGE);
  const width = size?.integer('width', 1, MAX_EDGE);
  return height === undefined || width === undefined ? undefined : { height, width };
}

function isOnly(size: JsonFields | undefined, keys: readonly string[]): boolean {
  return size?.keys.every((key) => keys.includes(key)) === true;
}

function channelsIn(file: JsonFields, key: 'image_mean' | 'image_std'): readonly number[] {
  const numbers = file.numbers(key);
  const isDivisor = key === 'image_std';
  if (numbers === undefined || (isDivisor && numbers.some((value) => value <= 0)))
    throw file.fault(
      key,
      isDivisor ? 'a number greater than 0 for each channel' : 'a number for each channel',
      byHand(key.replace('image_', '')),
    );
  return numbers;
}

function byHand(key: string): string {
  return `correct the file, or set ${key} in inputs of model.yaml`;
}

function resizeOf(size: NonNullable<PictureSettings['size']>): PictureRecipe['resize'] {
  if (typeof size !== 'number' && 'shortest_edge' in size) return { shortestEdge: size.shortest_edge };
  return squareOr(size);
}

function squareOr(size: number | PictureSize): PictureSize {
  return typeof size === 'number' ? { height: size, width: size } : size;
}
