import { compareOutputs } from '../../../../src/inference/shadow/comparison';
import type { Tensor } from '../../../../src/tensor/tensor';
import { bytesElements } from '../../../fixtures/binary';

const tensor = (datatype: Tensor['datatype'], shape: number[], values: ArrayBufferView): Tensor => ({
  name: 'y',
  datatype,
  shape,
  data: new Uint8Array(values.buffer as ArrayBuffer),
});
const floats = (shape: number[], values: number[]) => tensor('FP32', shape, Float32Array.from(values));
const integers = (values: bigint[]) => tensor('INT64', [values.length], BigInt64Array.from(values));
const text = (value: string) => tensor('BYTES', [1], Uint8Array.from(bytesElements([value])));
const differenceOf = async (one: Tensor, other: Tensor, labels = {}) =>
  (await compareOutputs([one], [other], labels))[0]!;

describe('outputs are compared', () => {
  it.each<[string, Tensor, Tensor, number]>([
    ['equal numbers', floats([2], [1, NaN]), floats([2], [1, NaN]), 0],
    ['the largest difference', floats([3], [1, 2, 3]), floats([3], [1.5, 4, 3]), 2],
    ['NaN on one side', floats([1], [NaN]), floats([1], [1]), Infinity],
    ['infinities of two signs', floats([1], [Infinity]), floats([1], [-Infinity]), Infinity],
    ['other shapes', floats([2, 1], [1, 2]), floats([1, 2], [1, 2]), Infinity],
    ['other datatypes', floats([1], [0]), tensor('INT32', [1], Int32Array.of(0)), Infinity],
    ['integers that numbers cannot tell apart', integers([2n ** 60n]), integers([2n ** 60n + 1n]), 1],
    ['the same text', text('a'), text('a'), 0],
    ['other text', text('a'), text('b'), Infinity],
  ])('%s', async (_, one, other, expected) => {
    expect((await differenceOf(one, other)).largest).toBe(expected);
  });

  it('by their largest elements, row by row, where they have labels', async () => {
    const one = floats([3, 2], [0, 1, 1, 0, 3, 2]);
    const other = floats([3, 2], [0, 9, 0, 1, 5, 4]);
    expect((await differenceOf(one, other, { y: ['a', 'b'] })).labels).toEqual({ rows: 3, same: 2 });
    expect((await differenceOf(one, other)).labels).toBeUndefined();
  });

  it('in turns, however large they are', async () => {
    const large = floats(
      [1_000_000],
      Array.from({ length: 1_000_000 }, (_, index) => index),
    );
    let turns = 0;
    const counting = setInterval(() => turns++, 0);
    expect((await differenceOf(large, large, { y: [] })).largest).toBe(0);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(0);
  });
});
