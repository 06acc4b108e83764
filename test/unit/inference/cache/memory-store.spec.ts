import fc from 'fast-check';
import { MemoryStore } from '../../../../src/inference/cache/memory-store';
import type { Tensor } from '../../../../src/tensor/tensor';

const KIB = 1024;

/** An answer of `bytes` bytes. */
const answer = (bytes: number): Tensor[] => [
  { name: 'y', datatype: 'UINT8', shape: [bytes], data: new Uint8Array(bytes).fill(7) },
];

describe('MemoryStore', () => {
  it('gives an answer for its time to live', async () => {
    let now = 0;
    const entries = new MemoryStore(64 * KIB, 8 * KIB, () => now).open('m/1', 60_000);
    // A time of 0 would be none.
    now = 1;
    entries.set('key', answer(4));
    now = 60_000;
    expect(await entries.get('key')).toEqual(answer(4));
    now = 60_002;
    expect(await entries.get('key')).toBeUndefined();
  });

  it('keeps copies, not the batch that they are views of', async () => {
    const batch = new Uint8Array(1000);
    const entries = new MemoryStore(64 * KIB, 8 * KIB).open('m/1', 60_000);
    const [output] = answer(4) as [Tensor];
    entries.set('key', [{ ...output, data: batch.subarray(8, 12) }]);
    batch.fill(9);
    const [kept] = (await entries.get('key'))!;
    expect([...kept!.data]).toEqual([0, 0, 0, 0]);
    expect(kept!.data.buffer.byteLength).toBe(4);
  });

  it('keeps no answer above the limit of one', async () => {
    const entries = new MemoryStore(64 * KIB, 8 * KIB).open('m/1', 60_000);
    entries.set('large', answer(8 * KIB + 1));
    entries.set('fitting', answer(8 * KIB));
    expect(await entries.get('large')).toBeUndefined();
    expect(await entries.get('fitting')).toBeDefined();
  });

  it('takes the room of the least recently used answer of the model that has most', async () => {
    const store = new MemoryStore(18 * KIB, 8 * KIB);
    const [large, small] = [store.open('m/1', 60_000), store.open('m/1', 60_000)];
    small.set('old', answer(1 * KIB));
    for (const key of ['a', 'b', 'c']) large.set(key, answer(4 * KIB));
    await large.get('a');
    small.set('new', answer(1 * KIB));
    expect(await Promise.all(['a', 'b', 'c'].map((key) => large.get(key)))).toEqual([
      answer(4 * KIB),
      undefined,
      answer(4 * KIB),
    ]);
    expect(await small.get('old')).toBeDefined();
  });

  it('never has more than its limit, and nothing once all are closed', () => {
    const limit = 16 * KIB;
    const set = fc.record({ model: fc.nat(2), key: fc.nat(20), bytes: fc.nat(10 * KIB) });
    const bounded = fc.property(fc.array(set, { maxLength: 60 }), (sets) => {
      const store = new MemoryStore(limit, 8 * KIB);
      const models = [store.open('m/1', 1000), store.open('m/1', 1000), store.open('m/1', 1000)];
      for (const { model, key, bytes } of sets) {
        models[model]!.set(String(key), answer(bytes));
        expect(store.bytes).toBeLessThanOrEqual(limit);
      }
      for (const entries of models) entries.close();
      expect(store.bytes).toBe(0);
    });
    fc.assert(bounded);
  });
});
