import { affine, dot, identity, lookup } from '../../fixtures/models';
import { pipeline, type Step } from '../../fixtures/pipelines';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const X: Step = ['affine', { x: 'x' }, { y: 'y' }];
const of = (...steps: Step[]) => pipeline(['x'], ['y'], ...steps);
const LINES = `kind: pipeline
inputs: [x]
outputs: [y]
steps:
  - model: affine
    inputs: { x: x }
    outputs: { y: y }
`;

/** Pipelines that cannot be served, and the one line that says why. */
const CASES: readonly (readonly [name: string, yaml: string, reason: RegExp])[] = [
  ['nokind', 'steps: []\n', /nokind\/model\.yaml:1: steps must NOT have fewer than 1 items$/],
  [
    'notkind',
    LINES.replace('kind: pipeline\n', ''),
    /notkind\/model\.yaml:1: inputs is only for pipelines; add kind: pipeline$/,
  ],
  ['kind', 'kind: ensemble\n', /kind\/model\.yaml:1: kind must be pipeline$/],
  [
    'half',
    'kind: pipeline\ninputs: [x]\n',
    /half\/model\.yaml:1: a pipeline requires inputs, outputs and steps; add the missing keys$/,
  ],
  [
    'instances',
    `${LINES}instances: 2\n`,
    /instances\/model\.yaml:8: instances cannot be set for a pipeline; set it in the model\.yaml of its models$/,
  ],
  [
    'typo',
    `${LINES}    vesion: 1\n`,
    /typo\/model\.yaml:8: unknown key 'vesion'; use one of model, version, inputs, outputs$/,
  ],
  [
    'unknown',
    LINES.replace('model: affine', 'model: afine'),
    /unknown\/model\.yaml:5: step 1 \('afine'\): model 'afine' is not served; load it, or use another model$/,
  ],
  [
    'version',
    of(['affine', { x: 'x' }, { y: 'y' }, 7]),
    /step 1 \('affine'\): model 'affine' has no version 7; it has 1$/,
  ],
  [
    'twice',
    of(X, ['affine', { x: 'x' }, { y: 'y' }]),
    /step 2 \('affine'\) produces 'y', which is already an output of step 1 \('affine'\); rename it$/,
  ],
  [
    'nobody',
    of(['affine', { x: 'z' }, { y: 'y' }]),
    /reads 'z', which is neither an input nor an output of a step; use one of 'x', 'y'$/,
  ],
  [
    'circle',
    of(['dot', { a: 'x', b: 'd' }, { product: 'c' }], ['dot', { a: 'x', b: 'c' }, { product: 'd' }], X),
    /step 1 \('dot'\), step 2 \('dot'\) read each other's outputs in a cycle; remove the cycle$/,
  ],
  ['unread', pipeline(['x', 'w'], ['y'], X), /no step reads the input 'w'; remove it$/],
  ['ungiven', pipeline(['x'], ['z'], X), /no step produces the output 'z'; the tensors are 'x', 'y'$/],
  [
    'input',
    of(['affine', { x: 'x', q: 'x' }, { y: 'y' }]),
    /step 1 \('affine'\): the model has no input 'q'; it has 'x'$/,
  ],
  ['output', of(['affine', { x: 'x' }, { q: 'y' }]), /the model has no output 'q'; it has 'y'$/],
  [
    'missing',
    of(['dot', { a: 'x' }, { product: 'y' }]),
    /step 1 \('dot'\): the model also requires the input 'b'; add it$/,
  ],
  [
    'datatype',
    of(['affine', { x: 'x' }, { y: 'h' }], ['lookup', { index: 'h' }, { y: 'y' }]),
    /step 2 \('lookup'\): input 'index': expected INT64 \[-1\], got FP32 \[-1,-1\] from 'h', produced by step 1 \('affine'\)$/,
  ],
  [
    'rank',
    of(['affine', { x: 'x' }, { y: 'h' }], ['dot', { a: 'h', b: 'h' }, { product: 'y' }]),
    /step 2 \('dot'\): input 'a': expected FP32 \[3\], got FP32 \[-1,-1\] from 'h', produced by step 1 \('affine'\)$/,
  ],
  [
    'size',
    pipeline(['x'], ['y', 'z'], ['three', { x: 'x' }, { y: 'y' }], ['two', { x: 'x' }, { y: 'z' }]),
    /step 2 \('two'\): input 'x': expected FP32 \[-1,2\], got FP32 \[-1,3\] from 'x', also read by step 1 \('three'\)$/,
  ],
  ['labels', `${LINES}labels: { z: [a] }\n`, /labels\/model\.yaml:1: .*'z'/],
  [
    'self',
    of(['self', { x: 'x' }, { y: 'y' }]),
    /the pipeline contains itself: self > self; remove one of these steps$/,
  ],
  [
    'egg',
    of(['hen', { x: 'x' }, { y: 'y' }]),
    /the pipeline contains itself: egg > hen > egg; remove one of these steps$/,
  ],
  [
    'hen',
    of(['egg', { x: 'x' }, { y: 'y' }]),
    /the pipeline contains itself: hen > egg > hen; remove one of these steps$/,
  ],
  [
    'broken',
    of(['garbage', { x: 'x' }, { y: 'y' }]),
    /step 1 \('garbage'\): model 'garbage' version 1 is not ready: UNAVAILABLE, .*ONNX/,
  ],
];

const repository = new Repository()
  .model('affine', affine())
  .model('lookup', lookup())
  .model('dot', dot())
  .model('three', identity('x', 'y', ['batch', 3]))
  .model('two', identity('x', 'y', ['batch', 2]))
  .model('garbage', Buffer.from('no model'))
  .add('good/model.yaml', of(X));
for (const [name, yaml] of CASES) repository.add(`${name}/model.yaml`, yaml);
let gateway: Gateway;

beforeAll(async () => void (gateway = await Gateway.start(repository)));
afterAll(() => tearDown(gateway, repository));

it.each(CASES)('one line says why a pipeline cannot be served: %s', async (name, _yaml, reason) => {
  const { state, reason: said } = (await gateway.index()).find((entry) => entry.name === name)!;
  expect([state, said]).toEqual(['UNAVAILABLE', expect.stringMatching(reason)]);
  const { status, body } = await gateway.infer(name, { inputs: [] });
  expect([status, body.error]).toEqual([503, expect.stringContaining(said)]);
});

it('others are served', async () => {
  const x = fp32('x', [1, 1], [1]);
  expect((await gateway.infer('good', { inputs: [x] })).body.outputs[0].data).toEqual([3]);
});
