import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';

/*
 * What a program does that only classifies pictures: sharp decodes and resizes, `session.run` classifies, eight pictures at
 * a time. Prints pictures per second, measured over the given seconds.
 *
 * raw-pictures.mts <model.onnx> <threads> <seconds> <picture...>
 */
const [path, threads, seconds, ...files] = process.argv.slice(2);
const AT_ONCE = 8;
const [HEIGHT, WIDTH] = [48, 192];
const pictures = files.map((file) => readFileSync(file));
const session = await InferenceSession.create(path!, {
  intraOpNumThreads: Number(threads),
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});

for (const picture of pictures) await classify(picture);
const started = performance.now();
const end = started + Number(seconds) * 1000;
let done = 0;
await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log((done * 1000) / (performance.now() - started));

async function work(): Promise<void> {
  while (performance.now() < end) await classify(pictures[done++ % pictures.length]!);
}

async function classify(picture: Buffer): Promise<void> {
  const resized = sharp(picture, { ignoreIcc: true }).resize(WIDTH, HEIGHT, { fit: 'fill' });
  const pixels = await resized.removeAlpha().raw().toBuffer();
  const plane = HEIGHT * WIDTH;
  const values = new Float32Array(3 * plane);
  for (let pixel = 0; pixel < plane; pixel++)
    for (let channel = 0; channel < 3; channel++)
      values[(2 - channel) * plane + pixel] = pixels[3 * pixel + channel]! / 127.5 - 1;
  await session.run({ pixel_values: new Tensor('float32', values, [1, 3, HEIGHT, WIDTH]) });
}
