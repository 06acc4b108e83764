import { errors } from '../../common/errors';
import type { PictureRecipe, PictureSize } from '../picture-recipe';
import type { PictureWindow } from './resample';

/** Maximum number of pixels of a tensor: 16 million, 200 MB of colours in FP32. */
const MAX_TENSOR_PIXELS = 2 ** 24;

/** Maximum length of an edge after resizing, in pixels. */
const MAX_RESIZED_EDGE = 1_000_000;

/** Where a picture goes in the tensor of its recipe. */
export interface PicturePlacement {
  /** Size of the whole picture after resizing. */
  readonly resized: PictureSize;
  /** The part of the resized picture that the tensor shows. */
  readonly window: PictureWindow;
  /** Height and width of the tensor. */
  readonly tensor: PictureSize;
  /** Where the window begins in the tensor. Everything around it is padding. */
  readonly left: number;
  readonly top: number;
}

/**
 * Returns where a picture of `size` goes, by the rules of the image processors of Hugging Face transformers: the longer
 * edge is truncated to whole pixels, a crop begins at the floor of half the difference, and a crop that is larger than
 * the picture is padded with zeros.
 *
 * @throws NexusError invalid_picture if the tensor would have more than 2^24 pixels, or an edge more than a million.
 */
export function placePicture(size: PictureSize, { resize, crop }: PictureRecipe): PicturePlacement {
  const resized = resizedSize(size, resize);
  const tensor = crop ?? resized;
  if (
    tensor.width * tensor.height > MAX_TENSOR_PIXELS ||
    Math.max(resized.width, resized.height) > MAX_RESIZED_EDGE
  )
    throw errors.invalidPicture(
      `the picture has ${size.width} x ${size.height} pixels and would be resized to ${resized.width} x ${resized.height}, but the limit is ${MAX_TENSOR_PIXELS} pixels and ${MAX_RESIZED_EDGE} along an edge; send a picture that is smaller or less long`,
    );
  const across = overlap(resized.width, tensor.width);
  const down = overlap(resized.height, tensor.height);
  return {
    resized,
    tensor,
    window: { left: across.from, top: down.from, width: across.length, height: down.length },
    left: across.to,
    top: down.to,
  };
}

function resizedSize({ height, width }: PictureSize, resize: PictureRecipe['resize']): PictureSize {
  if (resize === undefined) return { height, width };
  if (!('shortestEdge' in resize)) return resize;
  const short = resize.shortestEdge;
  const long = Math.trunc((short * Math.max(height, width)) / Math.min(height, width));
  return width <= height ? { height: long, width: short } : { height: short, width: long };
}

/** The pixels that `length` pixels share with a crop of `crop` pixels at their centre: where in both, and how many. */
function overlap(length: number, crop: number): { from: number; to: number; length: number } {
  const start = Math.floor((length - crop) / 2);
  return { from: Math.max(start, 0), to: Math.max(-start, 0), length: Math.min(length, crop) };
}
