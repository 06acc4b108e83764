/** Samples per pixel and direction. */
const FINE = 8;

/** MNIST's digits fill 20 of their 28 pixels; other sets fill the frame. */
const MARGINS: Readonly<Record<number, number>> = { 28: 4 };

/** What is drawn on `sheet`, fitted to the frame and averaged in each of `width` x `height` pixels, from 0 to 1. */
export function pixelsIn(sheet: HTMLCanvasElement, width: number, height: number): number[][] {
  const box = boxOf(sheet);
  const small = new OffscreenCanvas(width * FINE, height * FINE);
  const context = small.getContext('2d', { willReadFrequently: true })!;
  if (box !== undefined) {
    const margin = (MARGINS[height] ?? 0) * FINE;
    const scale = Math.min((small.width - 2 * margin) / box.width, (small.height - 2 * margin) / box.height);
    const across = box.width * scale;
    const down = box.height * scale;
    const left = (small.width - across) / 2;
    const top = (small.height - down) / 2;
    context.drawImage(sheet, box.left, box.top, box.width, box.height, left, top, across, down);
  }
  const { data } = context.getImageData(0, 0, small.width, small.height);
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (__, x) => meanAlpha(data, small.width, x * FINE, y * FINE)),
  );
}

function meanAlpha(data: Uint8ClampedArray, stride: number, left: number, top: number): number {
  let sum = 0;
  for (let y = top; y < top + FINE; y++)
    for (let x = left; x < left + FINE; x++) sum += data[(y * stride + x) * 4 + 3]!;
  return sum / (255 * FINE * FINE);
}

/** The smallest rectangle around the ink. */
function boxOf(sheet: HTMLCanvasElement) {
  const { width, height } = sheet;
  const { data } = sheet.getContext('2d', { willReadFrequently: true })!.getImageData(0, 0, width, height);
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (data[(y * width + x) * 4 + 3] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  if (right === -1) return undefined;
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}
