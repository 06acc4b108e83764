import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import proto from 'onnx-proto';
import { inspect } from '../../../../src/runtime/runner/onnx-file';
import { unzip } from '../../../../src/runtime/runner/zip-map';
import { classifier, maps, zipMap } from '../../../fixtures/classifiers';
import { affine } from '../../../fixtures/models';
import { node, value } from '../../../fixtures/onnx';

const folder = mkdtempSync(join(tmpdir(), 'nexus-zip-'));
const path = join(folder, 'model.onnx');
afterAll(() => rmSync(folder, { recursive: true }));

const written = (bytes: Uint8Array) => {
  writeFileSync(path, bytes);
  return bytes;
};
const unzipped = (bytes: Uint8Array) => {
  written(bytes);
  const { bytes: plain, labels } = unzip(path)!;
  return { labels, model: proto.onnx.ModelProto.toObject(proto.onnx.ModelProto.decode(plain)) as any };
};
const CLASSES = ['cat', 'dog', 'owl'];

it('gives the scores themselves, and changes nothing else', () => {
  const before = proto.onnx.ModelProto.toObject(proto.onnx.ModelProto.decode(classifier(CLASSES))) as any;
  const { model, labels } = unzipped(classifier(CLASSES));
  expect(labels).toEqual({ scores: CLASSES });
  const { node: nodes, output, ...rest } = model.graph;
  expect(nodes).toEqual([
    before.graph.node[0],
    { input: ['probabilities'], output: ['scores'], opType: 'Identity' },
  ]);
  expect(output).toEqual([
    before.graph.output[0],
    {
      name: 'scores',
      type: { tensorType: { elemType: 1, shape: { dim: [{}, { dimValue: expect.anything() }] } } },
    },
  ]);
  expect(Number(output[1].type.tensorType.shape.dim[1].dimValue)).toBe(3);
  const { node: _nodes, output: _output, ...same } = before.graph;
  expect([rest, { ...model, graph: 0 }]).toEqual([same, { ...before, graph: 0 }]);
});

it('does so for each of several', () => {
  const more = {
    output: [maps('again', [7, 8, 9]), value('raw', 'FLOAT', ['batch', 3])],
    node: [zipMap('probabilities', 'again', [7, 8, 9]), node('Identity', ['probabilities'], ['raw'])],
  };
  const { model, labels } = unzipped(classifier(CLASSES, more));
  expect(labels).toEqual({ scores: CLASSES, again: ['7', '8', '9'] });
  expect(model.graph.node.map(({ opType }: { opType: string }) => opType)).toEqual([
    'LinearClassifier',
    'Identity',
    'Identity',
    'Identity',
  ]);
});

it('has classes that are too large for a number, and negative ones', () => {
  const { labels } = unzipped(classifier([9007199254740993n, -1n, 0n].map(longOf) as unknown as bigint[]));
  expect(labels).toEqual({ scores: ['9007199254740993', '-1', '0'] });
});

it('imports the operators of ONNX where only those of machine learning are', () => {
  const opsetImport = [{ domain: 'ai.onnx.ml', version: 1 }];
  const { model } = unzipped(classifier(CLASSES, {}, { opsetImport }));
  expect(model.opsetImport.map(({ domain = '' }) => domain)).toEqual(['ai.onnx.ml', '']);
});

it('leaves models without such maps as they are', () => {
  written(affine());
  expect(unzip(path)).toBeUndefined();
});

it.each([
  ['whose map another operator takes', { node: [node('Identity', ['scores'], ['other'])] }],
  [
    'with a second map of unknown origin',
    { output: [maps('other', CLASSES)], node: [node('Any', ['x'], ['other'])] },
  ],
])('a model %s is refused with what to do', (_which, more) => {
  written(classifier(CLASSES, more));
  expect(() => inspect(path, folder)).toThrow(
    /output '(scores|other)' is a sequence of maps, not a tensor; .*'zipmap': False/,
  );
});

/** A 64-bit integer as the writer of the tests takes it. */
function longOf(integer: bigint): object {
  const bits = BigInt.asUintN(64, integer);
  return { low: Number(bits & 0xffffffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: false };
}
