import { InferenceSession, Tensor } from 'onnxruntime-node';

/*
 * The ceiling of a heavy model: `session.run` in a loop, with full batches and nothing else. The session has the same
 * settings as that of a runner. Divides the given seconds among the batch sizes, and prints the rows per second of the best
 * one, and its size.
 *
 * raw-session.mts <model.onnx> <width> <threads> <seconds> <rows>...
 */
const [path, width, threads, seconds, ...sizes] = process.argv.slice(2);
const session = await InferenceSession.create(path!, {
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
});
const rates: (readonly [rate: number, rows: number])[] = [];
for (const rows of sizes.map(Number)) rates.push([await rateOf(rows), rows]);
const best = rates.reduce((one, other) => (other[0] > one[0] ? other : one));
console.log(best.join(' '));

/** Rows per second in batches of `rows`. */
async function rateOf(rows: number): Promise<number> {
  const x = new Tensor('float32', new Float32Array(Number(width) * rows).fill(0.5), [rows, Number(width)]);
  for (let count = 0; count < 2; count++) await session.run({ x });
  const started = performance.now();
  const end = started + (Number(seconds) * 1000) / sizes.length;
  let done = 0;
  for (; performance.now() < end; done += rows) await session.run({ x });
  return (done * 1000) / (performance.now() - started);
}
