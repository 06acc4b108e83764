import { checkedModel, type DescribedTensor } from '../../../src/remote/model-check';

const X: DescribedTensor = { name: 'x', datatype: 'FP32', shape: [-1, 3] };
const Y: DescribedTensor = { name: 'y', datatype: 'BYTES', shape: [] };

it('returns what the target describes', () => {
  expect(checkedModel('onnx', [X, { ...Y, name: 'z' }], [Y])).toEqual({
    platform: 'onnx',
    inputs: [X, { ...Y, name: 'z' }],
    outputs: [Y],
  });
  expect(checkedModel('', [], [X]).inputs).toEqual([]);
});

it.each<[string, readonly DescribedTensor[], readonly DescribedTensor[], RegExp]>([
  ['no outputs', [X], [], /^the metadata of the model has no outputs$/],
  ['an input without a name', [{ ...X, name: '' }], [Y], /^input "" in the metadata .* has no name$/],
  ['an output twice', [X], [Y, Y], /^output "y" in .* is listed twice$/],
  ['a datatype that is not supported', [{ ...X, datatype: 'BF16' }], [Y], /the datatype "BF16" is not/],
  ['a datatype of the prototype', [{ ...X, datatype: 'toString' }], [Y], /the datatype "toString"/],
  ['a dimension of -2', [X], [{ ...Y, shape: [1, -2] }], /or -1, got \[1,-2\]$/],
  ['half a dimension', [X], [{ ...Y, shape: [0.5] }], /got \[0.5\]$/],
  ['an unsafe dimension', [X], [{ ...Y, shape: [2 ** 60] }], /expected dimensions/],
  ['33 dimensions', [X], [{ ...Y, shape: Array.from({ length: 33 }, () => 1) }], /at most 32 .* got 33$/],
])('refuses %s', (_what, inputs, outputs, message) => {
  try {
    checkedModel('onnx', inputs, outputs);
  } catch (error) {
    expect(error).toMatchObject({ name: 'TargetFailure', kind: 'garbage' });
    expect((error as Error).message).toMatch(message);
    return;
  }
  throw new Error('expected a refusal');
});
