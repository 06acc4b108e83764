import type { onnx } from 'onnx-proto';
import { affine, externalBias } from '../../fixtures/models';
import { floats, int, ints, model, node, value } from '../../fixtures/onnx';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const POINTER = `version https://git-lfs.github.com/spec/v1
oid sha256:${'0'.repeat(64)}
size 123456
`;

const x = value('x', 'FLOAT', ['n']);
const text = (name: string, s: string) => ({ name, type: 3, s: Buffer.from(s) });
const tensor = (elemType: number) => ({ tensorType: { elemType, shape: { dim: [{ dimParam: 'n' }] } } });
/** A model with the output `y` of `type`. */
const giving = (type: onnx.ITypeProto) =>
  model({ input: [x], output: [{ name: 'y', type }], node: [node('Anything', ['x'], ['y'])] });
/** `y = x * scale`, where `scale` is an input that has a value of its own, 2. */
function scaled(irVersion: number): Uint8Array {
  const graph = {
    input: [value('x', 'FLOAT', ['batch', 2]), value('scale', 'FLOAT', [1])],
    output: [value('y', 'FLOAT', ['batch', 2])],
    initializer: [floats('scale', [1], [2])],
    node: [node('Mul', ['x', 'scale'], ['y'])],
  };
  return model(graph, { irVersion });
}

/** Models that cannot be served, and all that is said of each. */
const REFUSED: Readonly<Record<string, [file: Uint8Array | string, reason: string]>> = {
  opset: [
    affine(2, { opsetImport: [{ domain: '', version: 99 }] }),
    'the model uses opset 99 of ai.onnx, but this version of ONNX Runtime supports at most opset 26; export it with an older opset',
  ],
  ir: [
    affine(2, { irVersion: 99 }),
    'the model has IR version 99, but this version of ONNX Runtime supports at most 13; save it with an older IR version',
  ],
  locale: [
    model({
      input: [value('x', 'STRING', ['n'])],
      output: [value('y', 'STRING', ['n'])],
      node: [
        node(
          'StringNormalizer',
          ['x'],
          ['y'],
          [text('case_change_action', 'LOWER'), text('locale', 'xx_YY')],
        ),
      ],
    }),
    'Exception during initialization: Failed to construct locale with name:xx_YY:locale::facet::_S_create_c_locale name not valid:Please, install necessary language-pack-XX and configure locales',
  ],
  batchwise: [
    model({
      input: [value('x', 'FLOAT', ['n', 's', 2])],
      output: [value('y', 'FLOAT', ['n', 's', 1, 3])],
      initializer: [floats('w', [1, 3, 2], Array(6).fill(1)), floats('r', [1, 3, 3], Array(9).fill(1))],
      node: [node('RNN', ['x', 'w', 'r'], ['y'], [int('hidden_size', 3), int('layout', 1)])],
    }),
    'Exception during initialization: Batchwise recurrent operations (layout == 1) are not supported. If you need support create a github issue with justification.',
  ],
  operator: [
    model({ input: [x], output: [value('y', 'FLOAT', ['n'])], node: [node('Frobnicate', ['x'], ['y'])] }),
    'This is an invalid model. In Node, ("", Frobnicate, "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for Frobnicate with domain_version of 17',
  ],
  pointer: [POINTER, 'the file is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`'],
  'pointer-data': [
    externalBias('bias.bin'),
    "external data 'bias.bin' is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`",
  ],
  int4: [
    giving(tensor(22)),
    "output 'y' has the element type INT4, which is not supported; cast it to INT8 in the model (Cast)",
  ],
};

const repository = new Repository()
  .model(
    'add',
    model({
      input: [value('a', 'FLOAT', ['n', 'k']), value('b', 'FLOAT', ['n', 'j'])],
      output: [value('y', 'FLOAT', ['n', 'k'])],
      node: [node('Add', ['a', 'b'], ['y'])],
    }),
  )
  .model(
    'reshape',
    model({
      input: [x],
      output: [value('y', 'FLOAT', [2, 3])],
      initializer: [ints('shape', [2], [2, 3])],
      node: [{ ...node('Reshape', ['x', 'shape'], ['y']), name: '/head/Reshape' }],
    }),
  )
  .model('default', scaled(8))
  .model('old', scaled(3))
  .model(
    'declared',
    model({
      input: [value('x', 'FLOAT', ['n', 3])],
      output: [value('y', 'FLOAT', [1, 3])],
      node: [node('Identity', ['x'], ['y'])],
    }),
  )
  .add('pointer-data/1/bias.bin', POINTER);
for (const [name, [file]] of Object.entries(REFUSED)) repository.add(`${name}/1/model.onnx`, file);

let gateway: Gateway;
beforeAll(async () => void (gateway = await Gateway.start(repository, { NEXUS_DEVICE: 'cpu' })));
afterAll(() => tearDown(gateway, repository));

it('says what is wrong with each file, and nothing of where this server keeps it', async () => {
  const refused = (await gateway.index()).filter(({ state }) => state !== 'READY');
  expect(Object.fromEntries(refused.map(({ name, reason }) => [name, reason]))).toEqual(
    Object.fromEntries(Object.entries(REFUSED).map(([name, [, reason]]) => [name, reason])),
  );
});

it.each([
  [
    'add',
    { a: [2, 3], b: [2, 4] },
    /running Add node.*: Attempting to broadcast an axis by a dimension other than 1\. 3 by 4$/,
  ],
  [
    'reshape',
    { x: [5] },
    /Name:'\/head\/Reshape' .* cannot be reshaped to the requested shape\. Input shape:\{5\}, requested shape:\{2,3\}$/,
  ],
])('says why a run of %s fails', async (name, shapes, reason) => {
  const inputs = Object.entries(shapes).map(([input, shape]) => ({
    name: input,
    datatype: 'FP32',
    shape,
    data: Array<number>(shape.reduce((product, size) => product * size, 1)).fill(1),
  }));
  const { status, body } = await gateway.infer(name, { inputs });
  expect([status, body.error]).toEqual([400, expect.stringMatching(reason)]);
  expect(body.error).not.toMatch(/onnxruntime_src|\.h:|\/tmp/);
});

it.each(['default', 'old'])('hides an input that has a value of its own: %s', async (name) => {
  const { inputs, properties } = (await gateway.send(`/v2/models/${name}`)).json();
  expect(inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 2] }]);
  expect(properties).not.toHaveProperty('unbatchable');
  const own = fp32('x', [1, 2], [1, 2]);
  expect((await gateway.infer(name, { inputs: [own] })).body.outputs[0].data).toEqual([2, 4]);
  const scale = fp32('scale', [1], [3]);
  const { status, body } = await gateway.infer(name, { inputs: [own, scale] });
  expect([status, body.error]).toEqual([400, expect.stringMatching(/'scale'.*'x'/)]);
});

it('answers what a run gives where the file declares another shape', async () => {
  const data = [1, 2, 3, 4, 5, 6];
  const { status, body } = await gateway.infer('declared', {
    inputs: [fp32('x', [2, 3], data)],
  });
  expect([status, body.outputs]).toEqual([200, [{ name: 'y', datatype: 'FP32', shape: [2, 3], data }]]);
  const message = {
    method: 'POST',
    body: JSON.stringify({ inputs: { x: [data.slice(0, 3), data.slice(3)] } }),
  };
  expect((await gateway.send('/v1/models/declared/predict', message)).json().outputs).toEqual({
    y: [
      [1, 2, 3],
      [4, 5, 6],
    ],
  });
});
