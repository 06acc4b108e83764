import { affine } from '../../fixtures/models';
import { contentOf, CONVNEXT, MINILM, NER, withFields, type Files } from '../../fixtures/hub-folders';
import { writeHubModel } from '../../fixtures/hub-model';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2);
const repository = new Repository();
let gateway: Gateway;

function add(name: string, files: Files, yaml?: string): void {
  for (const [path, content] of Object.entries(files)) repository.add(`${name}/${path}`, contentOf(content));
  if (yaml !== undefined) repository.add(`${name}/model.yaml`, yaml);
}

const FAULTS: readonly (readonly [name: string, yaml: string, reason: RegExp])[] = [
  ['task', 'task: embeding\n', /model\.yaml:1: task must be embedding or sparse_embedding or /],
  ['pooling', 'pooling: average\n', /model\.yaml:1: pooling must be none, mean, cls, .* a list of these/],
  ['file', 'file: ../other/model.onnx\n', /model\.yaml:1: file must be a path inside the version folder/],
  [
    'size',
    'inputs: { x: { image: { size: -1 } } }\n',
    /inputs\.x\.image\.size must be a number of pixels from 1/,
  ],
  [
    'unknown',
    'inputs: { x: { image: { sise: 1 } } }\n',
    /unknown key 'sise'; use one of size, crop, resample/,
  ],
  ['list', 'inputs: [x]\n', /model\.yaml:1: inputs is only for pipelines; add kind: pipeline/],
  ['key', 'max_tokens: 5\n', /key\/model\.yaml: max_tokens is only for models with a task/],
];

beforeAll(async () => {
  const plain = { 'model.onnx': affine() };
  add('words', { ...plain, ...MINILM });
  add('names', { ...plain, ...NER }, 'max_tokens: 64\n');
  add('pictures', { ...plain, ...CONVNEXT });
  add('tensors', { ...plain, 'config.json': { anything: true } });
  add('variant', { 'onnx/model.onnx': affine(2), 'onnx/other.onnx': affine(3) }, 'file: onnx/other.onnx\n');
  writeHubModel(repository.path, 'embedder', { task: 'embedding', maxTokens: 32 });
  add('broken', { ...plain, ...withFields(MINILM, '1_Pooling/config.json', { pooling_mode: 1 }) });
  for (const [name, yaml] of FAULTS) add(name, plain, yaml);
  gateway = await Gateway.start(repository, { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: '*' });
});
afterAll(() => tearDown(gateway, repository));

const versionOf = async (name: string) => (await gateway.send(`/v1/models/${name}`)).json().versions[0];

it('is shown with what it says', async () => {
  expect((await versionOf('words')).task).toEqual({
    name: 'embedding',
    max_tokens: 256,
    truncation_side: 'right',
    prompts: {},
    token_ids: false,
    pooling: ['mean'],
    normalize: true,
  });
  expect((await versionOf('names')).task).toMatchObject({
    name: 'token_classification',
    max_tokens: 64,
    labels: { count: 11, names: expect.arrayContaining(['B-PER']) },
  });
  expect((await versionOf('pictures')).task.picture).toMatchObject({
    size: { shortest_edge: 256 },
    crop: { height: 224, width: 224 },
    resample: 'bicubic',
  });
});

it('that says no task is a model of tensors', async () => {
  expect(await versionOf('tensors')).not.toHaveProperty('task');
  expect((await gateway.infer('tensors', x)).body.outputs[0].data).toEqual([3, 5]);
});

it('serves the file that model.yaml chooses', async () => {
  expect((await gateway.infer('variant', x)).body.outputs[0].data).toEqual([4, 7]);
});

it.each([
  ...FAULTS,
  [
    'broken',
    '',
    /broken\/1_Pooling\/config\.json: pooling_mode: expected one or more of cls, .*, got 1/,
  ] as const,
])('makes its version UNAVAILABLE if it has a fault: %s', async (name, _yaml, reason) => {
  expect(await versionOf(name)).toMatchObject({
    state: 'UNAVAILABLE',
    reason: expect.stringMatching(reason),
  });
});

it('is read again when it is loaded again', async () => {
  writeHubModel(repository.path, 'embedder', { task: 'embedding', maxTokens: 20 });
  const load = { method: 'POST' };
  expect((await gateway.send('/v2/repository/models/embedder/load', load)).status).toBe(200);
  expect((await versionOf('embedder')).task.max_tokens).toBe(20);
});
