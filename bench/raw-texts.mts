import { InferenceSession, Tensor } from 'onnxruntime-node';

/*
 * The ceiling of a text model: `session.run` for texts of the given numbers of tokens, once each and without tokenising, by
 * a plan: `buckets` sorts all texts and cuts them where a batch would have more than <size> tokens with padding; `arrival`
 * takes <size> texts in the order of arrival. Prints texts per second.
 *
 * raw-texts.mts <model.onnx> <buckets|arrival> <size> <threads> <lengths, comma-separated>
 */
const [path, plan, size, threads, list] = process.argv.slice(2);
const lengths = list!.split(',').map(Number);
const session = await InferenceSession.create(path!, {
  intraOpNumThreads: Number(threads),
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});

await run([64, 32]);
const batches = plan === 'buckets' ? buckets(Number(size)) : chunks(Number(size));
const started = performance.now();
for (const batch of batches) await run(batch);
console.log((lengths.length * 1000) / (performance.now() - started));

async function run(batch: readonly number[]): Promise<void> {
  const longest = Math.max(...batch);
  const shape = [batch.length, longest];
  const ids = new BigInt64Array(batch.length * longest);
  const mask = new BigInt64Array(ids.length);
  batch.forEach((length, row) => {
    ids.fill(2000n, row * longest, row * longest + length);
    mask.fill(1n, row * longest, row * longest + length);
  });
  await session.run({
    input_ids: new Tensor('int64', ids, shape),
    attention_mask: new Tensor('int64', mask, shape),
    token_type_ids: new Tensor('int64', new BigInt64Array(ids.length), shape),
  });
}

function buckets(tokens: number): number[][] {
  const found: number[][] = [];
  // Ascending, so the last text of a batch is its longest.
  for (const length of lengths.toSorted((one, other) => one - other)) {
    const open = found.at(-1);
    if (open !== undefined && length * (open.length + 1) <= tokens) open.push(length);
    else found.push([length]);
  }
  return found;
}

function chunks(texts: number): number[][] {
  const count = Math.ceil(lengths.length / texts);
  return Array.from({ length: count }, (_, index) => lengths.slice(index * texts, (index + 1) * texts));
}
