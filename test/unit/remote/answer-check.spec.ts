import { checkedOutputs } from '../../../src/remote/answer-check';
import type { Tensor, TensorSpec } from '../../../src/tensor/tensor';

const SCORES: TensorSpec = { name: 'scores', datatype: 'FP32', shape: [-1, 2] };
const LABELS: TensorSpec = { name: 'labels', datatype: 'BYTES', shape: [-1] };
const FLAGS: TensorSpec = { name: 'flags', datatype: 'BOOL', shape: [2] };
const DESCRIBED = [SCORES, LABELS, FLAGS];

const scores: Tensor = { name: 'scores', datatype: 'FP32', shape: [3, 2], data: new Uint8Array(24) };
const labels: Tensor = {
  name: 'labels',
  datatype: 'BYTES',
  shape: [2],
  data: Uint8Array.of(1, 0, 0, 0, 97, 0, 0, 0, 0),
};
const flags: Tensor = { name: 'flags', datatype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) };

function refusal(found: readonly Tensor[], ...requested: string[]): string {
  try {
    checkedOutputs(found, requested, DESCRIBED);
  } catch (error) {
    expect(error).toMatchObject({ name: 'TargetFailure', kind: 'garbage' });
    return (error as Error).message;
  }
  throw new Error('expected a refusal');
}

it('returns the outputs in the order of the request', () => {
  const names = ['flags', 'scores', 'labels'];
  expect(checkedOutputs([scores, labels, flags], names, DESCRIBED)).toEqual([flags, scores, labels]);
  expect(checkedOutputs([scores], ['scores'], DESCRIBED)[0]).toBe(scores);
});

it('accepts empty tensors', () => {
  const empty = { ...scores, shape: [0, 2], data: new Uint8Array(0) };
  const none = { ...labels, shape: [0], data: new Uint8Array(0) };
  expect(checkedOutputs([empty, none], ['scores', 'labels'], DESCRIBED)).toEqual([empty, none]);
});

it('refuses missing, additional, repeated and unknown outputs', () => {
  expect(refusal([], 'scores')).toBe('expected 1 outputs, got 0');
  expect(refusal([scores, labels], 'scores')).toBe('expected 1 outputs, got 2');
  expect(refusal([scores, scores], 'scores', 'labels')).toBe('output "labels": is missing in the response');
  const other = { ...scores, name: 'other' };
  expect(refusal([other], 'other')).toContain('is not an output of the model');
});

it('refuses another datatype', () => {
  const found: Tensor = { ...scores, datatype: 'INT32' };
  expect(refusal([found], 'scores')).toBe('output "scores": expected FP32, got INT32');
});

it.each([[[6]], [[3, 2, 1]], [[2, 3]], [[-3, 2]], [[1.5, 2]], [[2 ** 60, 2]], [[NaN, 2]]])(
  'refuses the shape %j',
  (shape) => {
    const found = { ...scores, shape };
    expect(refusal([found], 'scores')).toBe(
      `output "scores": expected shape [-1,2], got [${shape.join(',')}]`,
    );
  },
);

it('counts dimensions instead of listing very many', () => {
  const found = { ...scores, shape: Array.from({ length: 100_000 }, () => 1) };
  expect(refusal([found], 'scores')).toContain('got 100000 dimensions');
});

it.each([0, 23, 25, 48])('refuses %d bytes for a tensor of 24', (size) => {
  const found = { ...scores, data: new Uint8Array(size) };
  expect(refusal([found], 'scores')).toContain(`expected 24 bytes for its datatype and shape, got ${size}`);
});

it('refuses a product of dimensions that no bytes can have', () => {
  const big: TensorSpec = { name: 'big', datatype: 'UINT8', shape: [-1, -1] };
  const found: Tensor = {
    name: 'big',
    datatype: 'UINT8',
    shape: [2 ** 52, 2 ** 52],
    data: new Uint8Array(8),
  };
  expect(() => checkedOutputs([found], ['big'], [big])).toThrow(/got 8$/);
});

it('refuses BOOL bytes other than 0 and 1', () => {
  expect(refusal([{ ...flags, data: Uint8Array.of(1, 2) }], 'flags')).toContain('bytes of 0 or 1');
});

it('refuses BYTES with incomplete elements, or another number of them', () => {
  const cut = { ...labels, data: labels.data.subarray(0, 7) };
  expect(refusal([cut], 'labels')).toMatch(/expected 2 elements, .* got an incomplete one$/);
  const long = { ...labels, data: Uint8Array.of(255, 255, 255, 255, 0) };
  expect(refusal([long], 'labels')).toContain('got an incomplete one');
  expect(refusal([{ ...labels, shape: [3] }], 'labels')).toMatch(/expected 3 elements, .* got 2$/);
});
