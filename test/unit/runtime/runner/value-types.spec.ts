import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { onnx } from 'onnx-proto';
import { inspect } from '../../../../src/runtime/runner/onnx-file';
import { model, value } from '../../../fixtures/onnx';

const folder = mkdtempSync(join(tmpdir(), 'nexus-types-'));
afterAll(() => rmSync(folder, { recursive: true }));

const other = value('other', 'FLOAT', ['n']);
const inspected = (graph: onnx.IGraphProto) => {
  writeFileSync(join(folder, 'model.onnx'), model(graph));
  return () => inspect(join(folder, 'model.onnx'), folder);
};
const giving = (type: onnx.ITypeProto) => inspected({ input: [other], output: [{ name: 'y', type }] });
const taking = (type: onnx.ITypeProto) => inspected({ input: [{ name: 'x', type }], output: [other] });
const tensor = (elemType: number) => ({ tensorType: { elemType } });
const map = { mapType: { keyType: 7, valueType: tensor(1) } };

it.each([
  ['BFLOAT16', 16, 'FLOAT'],
  ['FLOAT8E4M3FN', 17, 'FLOAT'],
  ['FLOAT8E4M3FNUZ', 18, 'FLOAT'],
  ['FLOAT8E5M2', 19, 'FLOAT'],
  ['FLOAT8E5M2FNUZ', 20, 'FLOAT'],
  ['UINT4', 21, 'UINT8'],
  ['INT4', 22, 'INT8'],
  ['FLOAT8E8M0', 24, 'FLOAT'],
  ['UINT2', 25, 'UINT8'],
  ['INT2', 26, 'INT8'],
])('%s is refused with a cast that there is', (type, number, cast) => {
  expect(giving(tensor(number))).toThrow(
    `output 'y' has the element type ${type}, which is not supported; cast it to ${cast} in the model (Cast)`,
  );
  expect(taking(tensor(number))).toThrow(
    `input 'x' has the element type ${type}, which is not supported; use ${cast}, and cast it to ${type} in the model (Cast)`,
  );
});

it.each([
  ['COMPLEX64', 14, 'return the real and imaginary parts as two FLOAT tensors'],
  ['COMPLEX128', 15, 'return the real and imaginary parts as two DOUBLE tensors'],
  ['FLOAT4E2M1', 23, 'export it as FLOAT'],
])('%s, from which there is no cast, is refused', (type, number, remedy) => {
  expect(giving(tensor(number))).toThrow(
    `output 'y' has the element type ${type}, which is not supported; ${remedy}`,
  );
});

it.each<[string, onnx.ITypeProto, string, string]>([
  ['a sequence', { sequenceType: { elemType: tensor(1) } }, 'SplitToSequence', 'ConcatFromSequence'],
  ['a sequence of maps', { sequenceType: { elemType: map } }, 'a tensor', "{'zipmap': False}"],
  ['a map', map, 'a tensor', "{'zipmap': False}"],
  [
    'a sparse tensor',
    { sparseTensorType: { elemType: 1 } },
    'a dense tensor',
    'convert it to a dense tensor',
  ],
  ['an optional value', { optionalType: { elemType: tensor(1) } }, 'the tensor itself', 'OptionalGetElement'],
])('%s is refused with what to do', (kind, type, input, output) => {
  expect(giving(type)).toThrow(`output 'y' is ${kind}, not a tensor; `);
  expect(giving(type)).toThrow(output);
  expect(taking(type)).toThrow(`input 'x' is ${kind}, not a tensor; `);
  expect(taking(type)).toThrow(input);
});

it('an input that nobody gives, for it has a value of its own, may be of any type', () => {
  const graph = { input: [other, { name: 'scale', type: tensor(16) }], output: [other] };
  expect(inspected(graph)).toThrow("input 'scale' has the element type BFLOAT16");
  expect(inspected({ ...graph, initializer: [{ name: 'scale', dataType: 16, dims: [] }] })).not.toThrow();
});
