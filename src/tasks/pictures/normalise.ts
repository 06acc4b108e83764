import type { PictureRecipe } from '../picture-recipe';
import type { PicturePlacement } from './placement';
import type { Pixels } from './resample';

/**
 * Writes `pixels`, the window of `placement`, as FP32 in the order and layout of `recipe`: value * rescale, minus the
 * mean, divided by the standard deviation. Rounded after each step as numpy rounds: the product in FP64 and the rest in
 * FP32. Padding is treated as black.
 */
export function normalise(
  pixels: Pixels,
  placement: PicturePlacement,
  recipe: PictureRecipe,
): Float32Array<ArrayBuffer> {
  const { channels } = pixels;
  const { height, width } = placement.tensor;
  const values = new Float32Array(channels * height * width);
  const isPadded = pixels.width < width || pixels.height < height;
  // Steps of the tensor from a pixel, a row and a channel to the next.
  const isChw = recipe.layout === 'chw';
  const step = isChw ? 1 : channels;
  const plane = isChw ? height * width : 1;
  for (let channel = 0; channel < channels; channel++) {
    const table = tableOf(recipe, channel);
    const start = channel * plane;
    if (isPadded) for (let at = 0; at < height * width; at++) values[start + at * step] = table[0]!;
    let source = recipe.channels === 'bgr' ? channels - 1 - channel : channel;
    for (let row = 0; row < pixels.height; row++) {
      let target = start + ((placement.top + row) * width + placement.left) * step;
      for (let column = 0; column < pixels.width; column++) {
        values[target] = table[pixels.data[source]!]!;
        target += step;
        source += channels;
      }
    }
  }
  return values;
}

/** The normalised value of each 8-bit value of `channel`, in the order of the model. */
function tableOf({ rescale, mean, std }: PictureRecipe, channel: number): Float32Array {
  const subtrahend = Math.fround(mean[channel]!);
  const divisor = Math.fround(std[channel]!);
  return Float32Array.from({ length: 256 }, (_, value) =>
    Math.fround(Math.fround(Math.fround(value * rescale) - subtrahend) / divisor),
  );
}
