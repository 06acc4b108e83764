import fc from 'fast-check';
import { TYPED_ARRAY } from '../../../src/tensor/typed-arrays';
import { Padding } from '../../../src/models/version/padding';
import type { Tensor } from '../../../src/tensor/tensor';
import { jobOf } from '../scheduling/doubler';

const datatypes = fc.constantFrom(...(Object.keys(TYPED_ARRAY) as (keyof typeof TYPED_ARRAY)[]));
const shapes = fc.record({
  rows: fc.integer({ min: 0, max: 4 }),
  length: fc.integer({ min: 0, max: 9 }),
  width: fc.integer({ min: 1, max: 3 }),
});

const elementsOf = ({ data, datatype }: Tensor) => {
  const { buffer } = Uint8Array.from(data);
  return [...new TYPED_ARRAY[datatype as 'FP32'](buffer)].map(Number);
};

describe(Padding.name, () => {
  it('fills every row up to the next length, and gives it back as it came', () => {
    fc.assert(
      fc.property(datatypes, shapes, fc.integer({ min: 0, max: 1 }), (datatype, shape, fill) => {
        const { rows, length, width } = shape;
        const count = rows * length * width;
        const data = new Uint8Array(count * TYPED_ARRAY[datatype].BYTES_PER_ELEMENT).fill(1);
        const x: Tensor = { name: 'x', datatype, shape: [rows, length, width], data };
        let added = 0;
        const observer = { padded: (bytes: number) => (added += bytes) };
        const padding = Padding.of(
          { axis: 1, lengths: [6, 3], inputs: { x: fill }, outputs: ['x'] },
          observer,
        )!;
        const target = length === 0 ? 0 : ([3, 6].find((candidate) => candidate >= length) ?? length);
        const job = jobOf([], 1, { inputs: [x], rows, byteLength: data.byteLength });
        const inner = padding.before(job);
        const [seen] = inner.inputs as [Tensor];
        expect(seen.shape).toEqual([rows, target, width]);
        expect(inner.byteLength).toBe(seen.data.byteLength);
        expect(added).toBe(seen.data.byteLength - data.byteLength);
        const filled = elementsOf(seen).filter((_, index) => Math.floor(index / width) % target >= length);
        expect(filled).toEqual(filled.map(() => fill));
        expect(filled).toHaveLength(rows * (target - length) * width);
        const outputs = inner === job ? job.inputs : padding.after(inner.inputs, job);
        expect(outputs[0]!.shape).toEqual(x.shape);
        expect(elementsOf(outputs[0]!)).toEqual(elementsOf(x));
      }),
    );
  });
});
