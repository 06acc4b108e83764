import { InferenceSession, Tensor } from 'onnxruntime-node';

/*
 * The ceiling of a heavy model: `session.run` in a loop, with full batches and nothing else. The session has the same
 * settings as that of a runner. Prints rows per second, measured over the given seconds.
 *
 * raw-session.mts <model.onnx> <width> <rows> <threads> <seconds>
 */
const [path, width, rows, threads, seconds] = process.argv.slice(2);
const session = await InferenceSession.create(path!, {
  intraOpNumThreads: Number(threads),
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});
const x = new Tensor('float32', new Float32Array(Number(width) * Number(rows)).fill(0.5), [
  Number(rows),
  Number(width),
]);
for (let count = 0; count < 5; count++) await session.run({ x });

const started = performance.now();
let done = 0;
for (; performance.now() - started < Number(seconds) * 1000; done += Number(rows)) await session.run({ x });
console.log((done * 1000) / (performance.now() - started));
