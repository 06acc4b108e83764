import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { affine, externalBias, lookup, sumOfFour } from '../../fixtures/models';
import { fp32, messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

const temporary = mkdtempSync(join(tmpdir(), 'nexus-overrides-'));
const EXPLICIT = { NEXUS_MODEL_CONTROL_MODE: 'explicit', TMPDIR: temporary, NEXUS_DEVICE: 'cpu' };

let repository: Repository;
let gateway: Gateway;
let client: GrpcClient;

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine(), 'max_batch_rows: 16\n')
    .model('lookup', lookup())
    .add('sum/1/model.onnx', sumOfFour())
    .add('sum/2/model.onnx', sumOfFour())
    .add('sum/3/model.onnx', sumOfFour())
    .add('sum/labels.txt', 'the sum\n')
    .add(
      'sum/config.pbtxt',
      `max_batch_size: 8 version_policy { latest { num_versions: 2 } }
       input { name: "x" data_type: TYPE_FP32 dims: [ 2, 2 ] reshape { shape: 4 } }
       output { name: "y" data_type: TYPE_FP32 dims: 1 label_filename: "labels.txt" }`,
    )
    .add('blob.onnx.data', affine(4))
    .link('linked/1/model.onnx', '../../blob.onnx.data');
  gateway = await Gateway.start(repository, EXPLICIT);
  client = new GrpcClient(gateway.grpc);
});

afterAll(async () => {
  await tearDown(client, gateway, repository);
  rmSync(temporary, { recursive: true });
});

type Parameters = Readonly<Record<string, unknown>>;

const base64 = (content: Uint8Array | string) => Buffer.from(content).toString('base64');
const post = (path: string, body: unknown) =>
  gateway.send(`/v2/repository/models/${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const load = (model: string, parameters: Parameters = {}) => post(`${model}/load`, { parameters });
const unload = (model: string) => post(`${model}/unload`, {});
const loaded = async (model: string, parameters?: Parameters) => {
  const answer = await load(model, parameters);
  expect([answer.status, String(answer.body)]).toEqual([200, '']);
};
const refusal = async (model: string, parameters: Parameters) => {
  const answer = await load(model, parameters);
  return [answer.status, answer.json().error];
};
const configuration = async (model: string) => (await gateway.send(`/v2/models/${model}/config`)).json();
/** What becomes of `rows` rows of ones. */
const output = async (model: string, rows = 1, width = 1) => {
  const x = fp32('x', [rows, width], Array<number>(rows * width).fill(1));
  return (await gateway.infer(model, { inputs: [x] })).body.outputs?.[0].data;
};
const executions = (model: string) =>
  gateway.metric(`nexus_inference_executions_total{model="${model}",version="1"}`);
/** Folders of models that were sent; the runtime puts files of its own beside them. */
const foldersIn = (path: string) => readdirSync(path).filter((name) => name.startsWith('nexus-model-'));
const folders = () => foldersIn(temporary);

describe('a configuration in the request', () => {
  it('holds for this load, in place of model.yaml', async () => {
    await loaded('affine', { config: '{"max_batch_size": "4", "dynamic_batching": {}}' });
    expect(await configuration('affine')).toMatchObject({ max_batch_size: 4 });
    expect(await output('affine', 10)).toHaveLength(10);
    expect(await executions('affine')).toBe(3);

    await loaded('affine');
    expect(await configuration('affine')).toMatchObject({ max_batch_size: 16 });
    expect(await output('affine', 10)).toHaveLength(10);
    expect(await executions('affine')).toBe(4);
  });

  it('may leave all to the server', async () => {
    await loaded('affine', { config: '{}' });
    expect(await configuration('affine')).toMatchObject({ max_batch_size: 64 });
    expect(folders()).toEqual([]);
  });

  it('chooses among the versions of the repository', async () => {
    await loaded('sum', { config: '{"versionPolicy": {"specific": {"versions": ["1"]}}}' });
    const versions = (await gateway.index()).filter(({ name }) => name === 'sum');
    expect(versions.map(({ version }) => version)).toEqual(['1']);
  });

  it.each(['affine', 'lookup', 'sum', 'linked'])(
    'may be the answer of the server, sent back: %s',
    async (model) => {
      await loaded(model);
      const before = await configuration(model);
      const metadata = (await gateway.send(`/v2/models/${model}`)).json();
      await loaded(model, { config: JSON.stringify(before) });
      expect(await configuration(model)).toEqual(before);
      expect((await gateway.send(`/v2/models/${model}`)).json()).toEqual(metadata);
    },
  );

  it.each<[config: string, reason: string]>([
    ['', '1:1: expected {, got the end of the text'],
    ['{\n  "max_batch_size": }', '2:21: expected a value, got }'],
    ['{"max_batch_size": 8,}', '1:22: expected a key in double quotes, got }'],
    ['{"max_batch_size": "8x"}', '1:20: expected int32 for max_batch_size, got "8x"'],
    ['{"max_batchsize": 8}', "1:2: unknown field 'max_batchsize'; did you mean 'max_batch_size'?"],
    [
      '{"name": "other"}',
      "1: name: expected 'affine', the name of the folder, got 'other'; correct it, or remove name",
    ],
    ['{"backend": "python"}', "1: backend 'python' is not supported; use 'onnxruntime'"],
    ['{\n"sequenceBatching": {}}', '2: sequence_batching is not supported; requests are independent of each'],
    [
      '{"model_transaction_policy": {"decoupled": true}}',
      '1: model_transaction_policy.decoupled is not supported; ',
    ],
    [
      '{"output": [{"name": "y", "label_filename": "../sum/labels.txt"}]}',
      '1: output.label_filename is outside the model folder; use a file inside it',
    ],
    [
      '{"default_model_filename": "../../lookup/1/model.onnx"}',
      '1: default_model_filename is outside the model folder',
    ],
    [
      '{"input": [{"name": "x", "data_type": "TYPE_INT8", "dims": [-1, -1]}]}',
      "1: input 'x' is declared as INT8 [-1,-1], but is FP32 [-1,-1] in the model",
    ],
  ])('that is wrong is refused with the place, and the model stays: %s', async (config, reason) => {
    const [code, error] = await refusal('affine', { config });
    expect(code).toBe(400);
    expect(error).toContain(`cannot load model 'affine': version 1: parameters.config`);
    expect(error).toContain(reason);
    expect(await output('affine')).toEqual([3]);
  });

  it('has a limit', async () => {
    const [code, error] = await refusal('affine', { config: ' '.repeat(2 ** 20 + 1) });
    expect([code, error]).toEqual([
      400,
      'parameters.config: expected at most 1048576 characters, got 1048577',
    ]);
  });
});

/** A model that answers 6 for 1. */
const SENT = { config: '{}', 'file:1/model.onnx': base64(affine(5)) };

describe('files in the request', () => {
  it('are a model that the repository has not, until it is unloaded', async () => {
    await loaded('sent', SENT);
    expect(await output('sent')).toEqual([6]);
    const [folder] = folders();
    expect(statSync(join(temporary, folder!)).mode & 0o777).toBe(0o700);
    expect(await configuration('sent')).toMatchObject({ name: 'sent', default_model_filename: 'model.onnx' });
    expect((await unload('sent')).status).toBe(200);
    expect(folders()).toEqual([]);
    expect((await gateway.index()).filter(({ name }) => name === 'sent')).toEqual([]);
    expect(await refusal('sent', {})).toEqual([404, expect.stringContaining("has no model 'sent'")]);
  });

  it('replace the whole folder of a model, until it is loaded from the repository', async () => {
    await loaded('sum', SENT);
    expect((await gateway.index()).filter(({ name }) => name === 'sum')).toEqual([
      { name: 'sum', version: '1', state: 'READY', reason: '' },
    ]);
    expect(await output('sum')).toEqual([6]);
    await loaded('sum');
    expect(await configuration('sum')).toMatchObject({ input: [{ dims: [2, 2] }] });
    while (folders().length > 0) await delay(5);
  });

  it('may be labels and external data, under names in any folder', async () => {
    await loaded('biased', {
      config: JSON.stringify({
        default_model_filename: 'deep/biased.onnx',
        version_policy: { all: {} },
        output: [{ name: 'y', data_type: 11, dims: [-1, 2], label_filename: 'words/labels.txt' }],
      }),
      'file:7/deep/biased.onnx': base64(externalBias('data/bias.bin')),
      'file:7/deep/data/bias.bin': base64(new Uint8Array(Float32Array.of(10, 11).buffer)),
      'file:words/labels.txt': base64('left\nright\n'),
      'file:empty': '',
    });
    expect(await output('biased', 1, 2)).toEqual([11, 12]);
    const { properties } = (await gateway.send('/v2/models/biased')).json();
    expect(properties['labels.y']).toBe('["left","right"]');
    expect((await unload('biased')).status).toBe(200);
  });

  it('are read on a thread when they are many bytes', async () => {
    const weights = { ...SENT, 'file:1/more.bin': base64(Buffer.alloc(20_000_000, 'x')) };
    await loaded('sent', weights);
    const [folder] = folders();
    expect(statSync(join(temporary, folder!, '1/more.bin')).size).toBe(20_000_000);
    const wrong = { ...weights, 'file:1/more.bin': `${weights['file:1/more.bin']}!!!!` };
    expect(await refusal('sent', wrong)).toEqual([
      400,
      'parameters.file:1/more.bin: expected base64 with padding, got an invalid character at 26666667',
    ]);
    expect(await output('sent')).toEqual([6]);
    expect((await unload('sent')).status).toBe(200);
  });

  it('leave no folder when the gateway ends', async () => {
    const own = mkdtempSync(join(tmpdir(), 'nexus-overrides-'));
    const short = await Gateway.start(repository, { ...EXPLICIT, TMPDIR: own });
    const body = JSON.stringify({ parameters: SENT });
    const path = '/v2/repository/models/sent/load';
    expect((await short.send(path, { method: 'POST', body })).status).toBe(200);
    expect(foldersIn(own)).toHaveLength(1);
    expect(await short.stop()).toBe(0);
    expect(foldersIn(own)).toEqual([]);
    rmSync(own, { recursive: true });
  });

  it('that cannot be written are no fault of the client', async () => {
    const nowhere = await Gateway.start(repository, { ...EXPLICIT, TMPDIR: join(temporary, 'not/there') });
    const body = JSON.stringify({ parameters: SENT });
    const answer = await nowhere.send('/v2/repository/models/sent/load', { method: 'POST', body });
    expect([answer.status, answer.json().error]).toEqual([503, expect.stringMatching(/ENOENT; set TMPDIR/)]);
    await nowhere.stop();
  });
});

describe('files that cannot be loaded leave the old model and no folder:', () => {
  beforeAll(() => loaded('steady', SENT));
  afterAll(() => unload('steady'));

  it.each<[what: string, parameters: Parameters, reason: string]>([
    ['a model', { 'file:1/model.onnx': base64('no model') }, 'version 1: '],
    ['a configuration', { config: '{' }, 'version 1: parameters.config:1:2: '],
    [
      'an empty folder',
      { 'file:1/model.onnx': undefined, 'file:note.txt': '' },
      'version 1: no model file found',
    ],
    [
      'external data',
      { 'file:1/model.onnx': base64(externalBias('../../../bias.bin')) },
      'is outside the model repository',
    ],
    [
      'the version',
      { config: '{"version_policy": {"specific": {"versions": [2]}}}' },
      'version 2: 2/model.onnx',
    ],
  ])('%s', async (_what, parameters, reason) => {
    const before = folders();
    const [code, error] = await refusal('steady', { ...SENT, ...parameters });
    expect(code).toBe(400);
    expect(error).toMatch(/^cannot load model 'steady': /);
    expect(error).toContain(reason);
    expect(folders()).toEqual(before);
    expect(await output('steady')).toEqual([6]);
  });
});

describe('parameters that are refused by name', () => {
  const ONNX = base64(affine());
  it.each<[parameters: Parameters, error: string]>([
    [{ cfg: '{}' }, 'parameters.cfg: not supported; use config and file:<version>/<file>, or remove it'],
    [
      { config: {} },
      'parameters.config: expected a string with the model configuration as JSON, which is required with files, got object',
    ],
    [
      { config: null },
      'parameters.config: expected a string with the model configuration as JSON, which is required',
    ],
    [
      { 'file:1/model.onnx': '' },
      'the model configuration as JSON, which is required with files, got nothing',
    ],
    [
      { config: '{}', 'file:1/model.onnx': 7 },
      'parameters.file:1/model.onnx: expected the content as base64 in',
    ],
    [
      { config: '{}', 'file:1/m.onnx': 'YQ' },
      'parameters.file:1/m.onnx: expected base64 with padding, got 2',
    ],
    [{ config: '{}', 'file:1/m.onnx': 'Y-==' }, 'got an invalid character at 1'],
    [{ config: '{}', 'file:1/m.onnx': 'Y===' }, 'got an invalid character at 1'],
    [
      { config: '{}', 'file:1': '', 'file:1/m.onnx': '' },
      'parameters.file:1: cannot be a file, because it is a folder in file:1/m.onnx',
    ],
  ])('%j', async (parameters, error) => {
    expect(await refusal('sent', parameters)).toEqual([400, expect.stringContaining(error)]);
  });

  it('more files than a model has', async () => {
    const files = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`file:${index}`, '']));
    expect(await refusal('sent', { config: '{}', ...files })).toEqual([
      400,
      'expected at most 1000 files, got 1001; send fewer files',
    ]);
  });

  it.each([
    '',
    '/1/model.onnx',
    '/etc/passwd',
    '../model.onnx',
    '1/../../model.onnx',
    '1/..',
    './model.onnx',
    '1//model.onnx',
    '1/',
    '1\\..\\..\\model.onnx',
    '1/model\0.onnx',
    '1/model\n.onnx',
    ['a', 256],
    ['a/a', 600],
  ])('a path that is not in the folder of the model: %j', async (name) => {
    const path = typeof name === 'string' ? name : String(name[0]).repeat(Number(name[1]));
    const [code, error] = await refusal('sent', { config: '{}', [`file:${path}`]: ONNX });
    expect(code).toBe(400);
    expect(error).toContain(`parameters.file:${path}`.slice(0, 80));
    expect(error).toContain('expected file:<version>/<file> with a path inside the model folder');
    expect(folders()).toEqual([]);
  });

  it.each(['%2E%2E%2Fsent', '.sent', '_sent', 'a%00b'])('a name that no model can have: %s', async (name) => {
    const parameters = { config: '{}', 'file:1/model.onnx': ONNX };
    expect(await refusal(name, parameters)).toEqual([
      400,
      expect.stringContaining('is not a valid model name'),
    ]);
  });

  it.each<[what: string, body: unknown]>([
    ['no JSON', '{'],
    ['much that is no JSON', `{"parameters": ${' '.repeat(200_000)}`],
    ['more structure than a message has', `{"parameters": ${'['.repeat(1_100_000)}`],
    ['no object', '[]'],
    ['no object of parameters', { parameters: [] }],
  ])('a body that is %s', async (_what, body) => {
    const answer = await post('affine/load', body);
    expect([answer.status, answer.json().error]).toEqual([400, expect.stringMatching(/the (body|JSON) /)]);
  });

  it('an unknown parameter of unloading, and a body that is too large for one', async () => {
    const unknown = await post('affine/unload', { parameters: { config: '{}' } });
    expect([unknown.status, unknown.json().error]).toEqual([
      400,
      'parameters.config: not supported; use unload_dependents, or remove it',
    ]);
    const large = await post('affine/unload', `{}${' '.repeat(200_000)}`);
    expect([large.status, large.json().error]).toEqual([
      400,
      'the body has 200002 bytes; expected {"parameters": {...}} of at most 131072 bytes',
    ]);
  });
});

describe('over gRPC', () => {
  const call = (name: string, parameters: Parameters) =>
    client.call('RepositoryModelLoad', { model_name: name, parameters });

  it('a model is loaded with a configuration and files', async () => {
    const { error } = await call('wired', {
      config: { string_param: '{"max_batch_size": 2, "dynamic_batching": {}}' },
      'file:1/model.onnx': { bytes_param: affine(7) },
    });
    expect(error).toBeUndefined();
    const { response } = await client.call('ModelConfig', { name: 'wired' });
    expect(response.config).toMatchObject({ max_batch_size: 2, dynamic_batching: {} });
    const { response: answer } = await client.call('ModelInfer', messageOf('wired', oneRow(2)));
    expect(answer.raw_output_contents[0].readFloatLE()).toBe(15);
    expect(folders()).toHaveLength(1);
    expect((await client.call('RepositoryModelUnload', { model_name: 'wired' })).error).toBeUndefined();
    expect(folders()).toEqual([]);
  });

  it.each<[name: string, parameters: Parameters, details: string]>([
    ['affine', { config: { bytes_param: Buffer.from('{}') } }, 'parameters.config: expected a string'],
    ['affine', { config: {} }, 'parameters.config: expected a string'],
    [
      'affine',
      { config: { string_param: '{]' } },
      'parameters.config:1:2: expected a key in double quotes, got ]',
    ],
    [
      'sent',
      { config: { string_param: '{}' }, 'file:1/model.onnx': { string_param: 'YQ==' } },
      'parameters.file:1/model.onnx: expected the content as base64 in JSON or bytes_param in gRPC, got string',
    ],
    ['sent', { 'file:1/model.onnx': { bytes_param: Buffer.of() } }, 'parameters.config: expected a string'],
    [
      'affine',
      { 'file:../x': { bytes_param: Buffer.of() } },
      'parameters.file:../x: expected file:<version>',
    ],
    ['affine', { more: { int64_param: 1 } }, 'parameters.more: not supported; use config'],
    [
      '',
      { config: { string_param: '{}' }, 'file:1/m.onnx': { bytes_param: Buffer.of() } },
      'is not a valid model name',
    ],
  ])('a parameter that is wrong is refused by name: %s %j', async (name, parameters, details) => {
    const { error } = await call(name, parameters);
    expect(error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(details),
    });
  });
});
