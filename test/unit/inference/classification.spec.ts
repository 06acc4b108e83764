import fc from 'fast-check';
import { classify } from '../../../src/inference/classification';
import { classCountOf } from '../../../src/inference/request/request-parameters';
import type { Datatype, Tensor } from '../../../src/tensor/tensor';
import { splitElements } from '../../fixtures/binary';

const tensor = (
  datatype: Datatype,
  values: { readonly buffer: ArrayBufferLike },
  shape: number[],
): Tensor => ({
  name: 'y',
  datatype,
  shape,
  data: new Uint8Array(values.buffer),
});
const floats = (...values: number[]) => tensor('FP32', Float32Array.from(values), [1, values.length]);

/** The elements of a BYTES tensor. */
function textsOf({ datatype, data }: Tensor): string[] {
  expect(datatype).toBe('BYTES');
  return splitElements(data).map(String);
}

describe('classify', () => {
  it('gives the largest elements of each row, with six decimals, index and label', () => {
    const scores = tensor('FP32', Float32Array.of(0.25, 0.5, 0.125, 1, 3, 2), [2, 3]);
    const classes = classify(scores, 2, 2, ['cat', 'dög', 'fox']);
    expect(classes).toMatchObject({ name: 'y', shape: [2, 2] });
    expect(textsOf(classes)).toEqual([
      '0.500000:1:dög',
      '0.250000:0:cat',
      '3.000000:1:dög',
      '2.000000:2:fox',
    ]);
  });

  it('returns probabilities for logits', () => {
    const scores = tensor('FP64', Float64Array.of(0, Math.log(3), 800, 800), [2, 2]);
    expect(textsOf(classify(scores, 2, 2, ['cat', 'dog'], true))).toEqual([
      '0.750000:1:dog',
      '0.250000:0:cat',
      '0.500000:0:cat',
      '0.500000:1:dog',
    ]);
  });

  it('takes all of an output that is not batched as one row', () => {
    const classes = classify(floats(1, 2, 3), 5, undefined, undefined);
    expect(classes.shape).toEqual([3]);
    expect(textsOf(classes)).toEqual(['3.000000:2', '2.000000:1', '1.000000:0']);
  });

  it('returns integers exactly, also beyond 2^53', () => {
    const scores = tensor('INT64', BigInt64Array.of(2n ** 60n, 2n ** 60n + 1n, -3n), [1, 3]);
    expect(textsOf(classify(scores, 3, 1, undefined))).toEqual([
      '1152921504606846977:1',
      '1152921504606846976:0',
      '-3:2',
    ]);
  });

  it('puts NaN last, and equal elements in the order of their indexes', () => {
    const classes = classify(floats(NaN, 1, Infinity, 1, NaN, -Infinity, 1e21), 7, 1, undefined);
    expect(textsOf(classes)).toEqual([
      'inf:2',
      '1000000020040877342720.000000:6',
      '1.000000:1',
      '1.000000:3',
      '-inf:5',
      'nan:0',
      'nan:4',
    ]);
  });

  it('of no elements is empty', () => {
    expect(classify(tensor('FP32', new Float32Array(0), [0, 3]), 2, 0, undefined)).toMatchObject({
      shape: [0, 0],
    });
    expect(classify(tensor('FP32', new Float32Array(0), [2, 0]), 2, 2, undefined)).toMatchObject({
      shape: [2, 0],
    });
  });

  it('is what sorting gives', () => {
    const scores = fc.array(fc.oneof(fc.float(), fc.integer({ min: -3, max: 3 })), { minLength: 1 });
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 20 }), (values, count) => {
        const given = Float32Array.from(values);
        const sorted = Array.from(given.keys()).toSorted((one, other) => {
          const [a, b] = [given[one]!, given[other]!];
          if (Number.isNaN(a) || Number.isNaN(b))
            return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || one - other;
          return a === b ? one - other : b > a ? 1 : -1;
        });
        const indexes = textsOf(classify(floats(...given), count, 1, undefined)).map((text) =>
          Number(text.split(':')[1]),
        );
        expect(indexes).toEqual(sorted.slice(0, count));
      }),
    );
  });

  it.each([
    ['BOOL', new Uint8Array(2), /cannot classify output 'y': its elements are BOOL, which have no order/],
    ['FP16', new Uint16Array(2), /FP16, which have no order/],
    ['UINT8', new Uint8Array(100_001), /it has 100001 elements, but the limit is 100000/],
  ] as const)('refuses %s where it cannot', (datatype, values, text) => {
    expect(() => classify(tensor(datatype, values, [1, values.length]), 1, 1, undefined)).toThrow(text);
  });
});

it.each([0, -1, 1.5, 1001, '3', true])('refuses %j as number of classes', (value) => {
  expect(() => classCountOf(value, 'p')).toThrow(
    /^p: expected the number of classes, a whole number from 1 to 1000, got /,
  );
});
