import type { PictureSize, Resampling } from '../picture-recipe';

/** A decoded picture: 8-bit values, rows from the top, channels of a pixel next to each other. */
export interface Pixels extends PictureSize {
  readonly data: Uint8Array<ArrayBuffer>;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: 1 | 3;
}

/** A rectangle of a picture, in pixels. */
export interface PictureWindow extends PictureSize {
  readonly left: number;
  readonly top: number;
}

/** A kernel: its value at a distance from the centre, and the distance from which on it is 0. */
interface Kernel {
  readonly reach: number;
  at(distance: number): number;
}

/** The source pixels of each target pixel along one axis, and their weights. */
interface Taps {
  /** Index of the first source pixel of each target pixel. */
  readonly first: Int32Array;
  /** Number of source pixels of each target pixel. */
  readonly count: Int32Array;
  /** Weights in units of 2^-22; `stride` places for each target pixel. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** Weights are integers in units of 2^-22, so that sums of 8-bit values fit in 32 bits. */
const WEIGHT_BITS = 22;
const WEIGHT_ONE = 2 ** WEIGHT_BITS;
const HALF = WEIGHT_ONE / 2;

/** Maximum number of pixels between the two passes: 50 million, 150 MB of colours. */
const MAX_INTERMEDIATE_PIXELS = 5e7;

const KERNELS: Readonly<Record<Exclude<Resampling, 'nearest'>, Kernel>> = {
  box: { reach: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { reach: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { reach: 1, at: hamming },
  bicubic: { reach: 2, at: bicubic },
  lanczos: { reach: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/**
 * Returns the pixels of `window` of `picture` resized to `size`, bit for bit those of Pillow 13: a pass along the rows,
 * then one along the columns, both in integers and rounded to 8 bits. Kernels widen when the picture shrinks. Pixels
 * outside of `window` are not computed.
 *
 * @returns undefined if the picture is so long and narrow that the first pass needs more than 50 million pixels.
 */
export function resample(
  picture: Pixels,
  size: PictureSize,
  method: Resampling,
  window: PictureWindow,
): Pixels | undefined {
  if (method === 'nearest') return pickNearest(picture, size, window);
  const kernel = KERNELS[method];
  const across = tapsOf(kernel, picture.width, size.width, window.left, window.width);
  const down = tapsOf(kernel, picture.height, size.height, window.top, window.height);
  const top = down.first[0]!;
  const bottom = down.first.at(-1)! + down.count.at(-1)!;
  if ((bottom - top) * window.width > MAX_INTERMEDIATE_PIXELS) return undefined;
  return resampleColumns(resampleRows(picture, across, top, bottom), down, top);
}

/** Like `resample`, with the source pixel whose area contains the centre of each target pixel. */
function pickNearest(picture: Pixels, size: PictureSize, window: PictureWindow): Pixels {
  const { channels, data } = picture;
  const across = centres(picture.width, size.width, window.left, window.width);
  const down = centres(picture.height, size.height, window.top, window.height);
  const picked = blank(window, channels);
  let target = 0;
  for (const y of down) {
    for (const x of across) {
      const source = (y * picture.width + x) * channels;
      for (let channel = 0; channel < channels; channel++) picked.data[target++] = data[source + channel]!;
    }
  }
  return picked;
}

/** The source pixel of `count` target pixels from `start` on. Pillow adds up the steps, with their rounding errors. */
function centres(from: number, to: number, start: number, count: number): Int32Array {
  const step = from / to;
  const found = new Int32Array(count);
  let at = step * 0.5;
  for (let index = 0; index < start + count; index++) {
    if (index >= start) found[index - start] = Math.min(Math.trunc(at), from - 1);
    at += step;
  }
  return found;
}

/** The taps of `count` target pixels from `start` on, for an axis of `from` pixels that becomes `to` pixels. */
function tapsOf(kernel: Kernel, from: number, to: number, start: number, count: number): Taps {
  const scale = from / to;
  const widening = Math.max(scale, 1);
  const reach = kernel.reach * widening;
  const stride = Math.min(Math.ceil(reach) * 2 + 1, from);
  const taps = {
    first: new Int32Array(count),
    count: new Int32Array(count),
    weights: new Int32Array(count * stride),
    stride,
  };
  const exact = new Float64Array(stride);
  for (let index = 0; index < count; index++) {
    const centre = (start + index + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const length = Math.min(Math.trunc(centre + reach + 0.5), from) - first;
    let sum = 0;
    for (let tap = 0; tap < length; tap++) {
      const weight = kernel.at((tap + first - centre + 0.5) * (1 / widening));
      exact[tap] = weight;
      sum += weight;
    }
    taps.first[index] = first;
    taps.count[index] = length;
    for (let tap = 0; tap < length; tap++)
      taps.weights[index * stride + tap] = fixedPoint(sum === 0 ? exact[tap]! : exact[tap]! / sum);
  }
  return taps;
}

/** Rounds half away from zero. */
function fixedPoint(weight: number): number {
  return Math.trunc(weight * WEIGHT_ONE + (weight < 0 ? -0.5 : 0.5));
}

/** Resamples the rows from `top` to `bottom` along the rows. */
function resampleRows(picture: Pixels, taps: Taps, top: number, bottom: number): Pixels {
  const { channels, width } = picture;
  const between = blank({ height: bottom - top, width: taps.first.length }, channels);
  const target = new Uint8ClampedArray(between.data.buffer);
  const pass = channels === 3 ? rowOfColours : rowOfGreys;
  for (let row = top; row < bottom; row++)
    pass(picture.data, row * width * channels, taps, target, (row - top) * between.width * channels);
  return between;
}

function rowOfColours(source: Uint8Array, start: number, taps: Taps, target: Uint8ClampedArray, to: number) {
  const { first, count, weights, stride } = taps;
  for (let index = 0; index < first.length; index++) {
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    let from = start + first[index]! * 3;
    const end = index * stride + count[index]!;
    for (let tap = index * stride; tap < end; tap++) {
      const weight = weights[tap]!;
      red = (red + Math.imul(source[from]!, weight)) | 0;
      green = (green + Math.imul(source[from + 1]!, weight)) | 0;
      blue = (blue + Math.imul(source[from + 2]!, weight)) | 0;
      from += 3;
    }
    target[to] = red >> WEIGHT_BITS;
    target[to + 1] = green >> WEIGHT_BITS;
    target[to + 2] = blue >> WEIGHT_BITS;
    to += 3;
  }
}

function rowOfGreys(source: Uint8Array, start: number, taps: Taps, target: Uint8ClampedArray, to: number) {
  const { first, count, weights, stride } = taps;
  for (let index = 0; index < first.length; index++) {
    let grey = HALF;
    const from = start + first[index]!;
    for (let tap = 0; tap < count[index]!; tap++)
      grey = (grey + Math.imul(source[from + tap]!, weights[index * stride + tap]!)) | 0;
    target[to + index] = grey >> WEIGHT_BITS;
  }
}

/** Resamples along the columns. `between` begins with row `top` of the picture. */
function resampleColumns(between: Pixels, taps: Taps, top: number): Pixels {
  const { first, count, weights, stride } = taps;
  const done = blank({ height: first.length, width: between.width }, between.channels);
  const target = new Uint8ClampedArray(done.data.buffer);
  const source = between.data;
  const length = between.width * between.channels;
  // A row of sums, because reading along the rows is faster than down the columns.
  const sums = new Int32Array(length);
  for (let row = 0; row < first.length; row++) {
    sums.fill(HALF);
    for (let tap = 0; tap < count[row]!; tap++) {
      const weight = weights[row * stride + tap]!;
      const from = (first[row]! - top + tap) * length;
      for (let index = 0; index < length; index++)
        sums[index] = sums[index]! + Math.imul(source[from + index]!, weight);
    }
    const to = row * length;
    for (let index = 0; index < length; index++) target[to + index] = sums[index]! >> WEIGHT_BITS;
  }
  return done;
}

function blank({ height, width }: PictureSize, channels: 1 | 3): Pixels {
  return { height, width, channels, data: new Uint8Array(height * width * channels) };
}

function hamming(x: number): number {
  if (x <= -1 || x >= 1) return 0;
  return sinc(x) * (0.54 + 0.46 * Math.cos(x * Math.PI));
}

/** The cubic kernel with a = -0.5. */
function bicubic(x: number): number {
  const a = -0.5;
  const distance = Math.abs(x);
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  if (distance < 2) return (((distance - 5) * distance + 8) * distance - 4) * a;
  return 0;
}

function sinc(x: number): number {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}
