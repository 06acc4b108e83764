import { readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { affine, bfloat16, externalBias, normaliser, slow, sumOfFour } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

/** Moments of the start, in whole seconds since 1970. */
const before = Math.floor(Date.now() / 1000);
const WRITTEN = 1_000_000_000;

const ABOUT = {
  producerName: 'trainer',
  producerVersion: '1.2',
  domain: 'org.example',
  modelVersion: 7,
  docString: 'Doubles and adds one.',
  opsetImport: [{ version: 17 }, { domain: 'com.example', version: 1 }],
  metadataProps: [{ key: 'author', value: 'Zoë' }],
};
const WORDS = [
  { key: 'licence', value: '"Zoë"\n'.repeat(10_000) },
  ...Array.from({ length: 200 }, (_, index) => ({ key: `class ${index}`, value: String(index) })),
];
const YAML = `description: Adds one.
required: false
instances: 2
threads: 1
max_batch_rows: 8
max_queue_delay_us: 5
max_queue_rows: 100
max_queue_bytes: 1000
priority_levels: 3
labels: { y: [one, two] }
`;
const CONFIG = `max_batch_size: 4
input { name: "x" data_type: TYPE_FP32 dims: -1 }
output { name: "y" data_type: TYPE_FP32 dims: 1 }
`;
const many = Array.from({ length: 1001 }, (_, index) => `class ${index}`);

const repository = new Repository()
  .model('rich', affine(2, ABOUT), YAML)
  .add('rich/10/model.onnx', affine(3))
  .model('external', externalBias('bias.bin', 'more/bias.bin'))
  .add('external/1/bias.bin', new Uint8Array(Float32Array.of(10, 20).buffer))
  .add('external/1/more/bias.bin', new Uint8Array(1000))
  .model('alone', normaliser())
  .model('apart', sumOfFour())
  .add('apart/config.pbtxt', CONFIG)
  .model('thousand', affine(), 'labels: { y: names.txt }\n')
  .add('thousand/names.txt', many.slice(1).join('\n'))
  .model('more', affine(), 'labels: { y: names.txt }\n')
  .add('more/names.txt', many.join('\n'))
  .model('wordy', affine(2, { docString: 'x'.repeat(5000), metadataProps: WORDS }))
  .model('half', affine())
  .add('half/2/model.onnx', bfloat16())
  .model('broken', bfloat16())
  .add('without-file/readme.txt', '');
utimesSync(join(repository.path, 'broken/1/model.onnx'), WRITTEN, WRITTEN);

let gateway: Gateway;
beforeAll(async () => void (gateway = await Gateway.start(repository, { NEXUS_DEVICE: 'cpu' })));
afterAll(() => tearDown(gateway, repository));

const list = async (server = gateway) => (await server.send('/v1/models')).json();
const details = async (model: string, server = gateway) => (await server.send(`/v1/models/${model}`)).json();
const only = async (model: string) => {
  const { versions } = await details(model);
  expect(versions).toHaveLength(1);
  return versions[0];
};

describe('the list', () => {
  it('has the models that can be called, as OpenAI lists them', async () => {
    const { object, data } = await list();
    expect(object).toBe('list');
    const ready = ['alone', 'apart', 'external', 'half', 'more', 'rich', 'thousand', 'wordy'];
    expect(data.map(({ id }: { id: string }) => id)).toEqual(ready);
    for (const entry of data) {
      expect(entry).toEqual({
        id: entry.id,
        object: 'model',
        created: expect.any(Number),
        owned_by: 'nexus',
      });
      expect(entry.created).toBeGreaterThanOrEqual(before);
      expect(entry.created).toBeLessThanOrEqual(Date.now() / 1000);
    }
  });

  it('goes with the time at which the newest version that is ready was loaded', async () => {
    const { data } = await list();
    for (const [model, version] of [
      ['rich', '10'],
      ['half', '1'],
    ] as const) {
      const { created, versions } = await details(model);
      const newest = versions.find((candidate: { version: string }) => candidate.version === version);
      expect(created).toBe(Math.floor(Date.parse(newest.loaded_at) / 1000));
      expect(data.find(({ id }: { id: string }) => id === model).created).toBe(created);
    }
  });
});

describe('the details', () => {
  it('have everything that is known', async () => {
    await Promise.all([gateway.started('rich/10'), gateway.started('rich/1')]);
    const { versions, ...model } = await details('rich');
    expect(model).toEqual({
      id: 'rich',
      name: 'rich',
      ready: true,
      object: 'model',
      created: expect.any(Number),
      owned_by: 'nexus',
      description: 'Adds one.',
      required: false,
      aliases: {},
    });
    const [first, tenth] = versions;
    expect([versions.length, first.version, tenth.version]).toEqual([2, '1', '10']);
    const tensor = { datatype: 'FP32', shape: [-1, -1] };
    const { instances, load_ms, loaded_at, memory, ...rest } = first;
    expect(rest).toEqual({
      version: '1',
      state: 'READY',
      reason: '',
      load: 'start',
      in_memory: true,
      isolation: 'own',
      threads: 1,
      device: 'cpu',
      signature: { inputs: [{ name: 'x', ...tensor }], outputs: [{ name: 'y', ...tensor }] },
      labels: [{ output: 'y', count: 2, names: ['one', 'two'] }],
      batching: {
        enabled: true,
        max_batch_rows: 8,
        max_queue_delay_us: 5,
        max_queue_rows: 100,
        max_queue_bytes: 1000,
        priority_levels: 3,
      },
      file_bytes: affine(2, ABOUT).length,
      onnx: {
        ir_version: 8,
        opset: { 'ai.onnx': 17, 'com.example': 1 },
        producer_name: 'trainer',
        producer_version: '1.2',
        domain: 'org.example',
        model_version: '7',
        doc_string: 'Doubles and adds one.',
        graph_name: 'graph',
        metadata_props: { author: 'Zoë' },
        truncated: false,
      },
    });
    expect(load_ms).toBeGreaterThan(0);
    expect(new Date(loaded_at).toISOString()).toBe(loaded_at);
    expect(instances).toBeGreaterThan(0);
    expect(memory.resident_bytes).toBeGreaterThan(0);
    expect(tenth.onnx).toMatchObject({ producer_name: 'nexus-test', metadata_props: {} });
  });

  it('have the memory of each runner', async () => {
    const { instances } = (await details('rich')).versions[1];
    await gateway.started('rich/10', instances);
    const { memory } = (await details('rich')).versions[1];
    expect(memory.resident_bytes_per_runner).toHaveLength(instances);
    // Node alone takes some 40 MB.
    for (const bytes of memory.resident_bytes_per_runner) expect(bytes).toBeGreaterThan(20e6);
    const sum = memory.resident_bytes_per_runner.reduce((total: number, bytes: number) => total + bytes);
    expect(memory.resident_bytes).toBe(sum);
  });

  it('have the size of all files', async () => {
    const onnx = statSync(join(repository.path, 'external/1/model.onnx')).size;
    expect((await only('external')).file_bytes).toBe(onnx + 8 + 1000);
  });

  it('have why requests do not share runs', async () => {
    expect((await only('alone')).batching).toMatchObject({
      enabled: false,
      why_not: 'the operator ReduceSum combines rows',
      max_batch_rows: 1,
    });
    expect((await only('apart')).batching).toMatchObject({
      enabled: false,
      why_not: 'its configuration has no dynamic_batching',
      max_batch_rows: 4,
    });
  });

  it('have a thousand labels, and of more their number', async () => {
    expect((await only('thousand')).labels).toEqual([{ output: 'y', count: 1000, names: many.slice(1) }]);
    expect((await only('more')).labels).toEqual([{ output: 'y', count: 1001 }]);
    expect((await only('alone')).labels).toEqual([]);
  });

  it('say when something of the file was left out', async () => {
    const { onnx } = await only('wordy');
    expect([onnx.doc_string, onnx.truncated]).toEqual(['x'.repeat(4096), true]);
  });

  it('leave nothing out of the properties where these are asked for', async () => {
    const whole = (model: string, version: string) =>
      gateway.send(`/v1/models/${model}/versions/${version}/metadata_props`);
    const wordy = await whole('wordy', '1');
    expect([wordy.status, wordy.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(wordy.json()).toEqual(Object.fromEntries(WORDS.map(({ key, value }) => [key, value])));
    expect((await whole('rich', '1')).json()).toEqual({ author: 'Zoë' });
    expect((await whole('rich', '10')).json()).toEqual({});
    for (const [model, version, expected] of [
      ['rich', '7', 404],
      ['none', '1', 404],
      ['broken', '1', 503],
    ] as const)
      expect((await whole(model, version)).status).toBe(expected);
  });

  it('say so when the file for the properties is gone', async () => {
    rmSync(join(repository.path, 'half/1/model.onnx'));
    const gone = await gateway.send('/v1/models/half/versions/1/metadata_props');
    expect([gone.status, gone.json().error.message]).toEqual([
      503,
      "the server is not ready: cannot read the file of model 'half' version 1: ENOENT",
    ]);
  });

  it('of a model that cannot be served have the reason', async () => {
    const { versions, ...model } = await details('broken');
    expect(model).toMatchObject({ id: 'broken', created: WRITTEN, required: false });
    expect(versions).toEqual([
      {
        version: '1',
        state: 'UNAVAILABLE',
        reason: expect.stringContaining('BFLOAT16'),
        load: 'start',
        in_memory: false,
        isolation: 'own',
        instances: 1,
        threads: expect.any(Number),
      },
    ]);
    expect(await details('without-file')).toMatchObject({
      created: 0,
      versions: [{ state: 'UNAVAILABLE', reason: expect.stringContaining('no model file') }],
    });
    expect((await details('half')).versions).toMatchObject([{ state: 'READY' }, { state: 'UNAVAILABLE' }]);
  });

  it('of a model that is not there are an error', async () => {
    const answer = await gateway.send('/v1/models/none');
    expect([answer.status, answer.json()]).toEqual([
      404,
      {
        error: {
          message: expect.stringMatching("model 'none' not found; GET /v2/models lists the models"),
          type: 'not_found',
          param: null,
          code: 'model_not_found',
        },
      },
    ]);
  });
});

it('a model that loads is not in the list, and its details have what is known', async () => {
  const loading = new Repository().model('slow', slow(500_000));
  const server = await Gateway.listening(loading);
  try {
    const [runner] = (await server.started('slow/1')) as [number];
    process.kill(runner, 'SIGSTOP');
    const written = Math.floor(statSync(join(loading.path, 'slow/1/model.onnx')).mtimeMs / 1000);
    expect(await list(server)).toEqual({ object: 'list', data: [], models: [] });
    const { created, versions } = await details('slow', server);
    expect(created).toBe(written);
    expect(versions).toMatchObject([{ state: 'LOADING', memory: { resident_bytes: expect.any(Number) } }]);
    expect(versions[0]).not.toHaveProperty('signature');
    process.kill(runner, 'SIGCONT');
    await server.until(() => server.stderr.includes('Docs'));
    expect((await list(server)).data).toMatchObject([{ id: 'slow' }]);
  } finally {
    await tearDown(server, loading);
  }
});

describe('the sample models', () => {
  let samples: Gateway;
  beforeAll(async () => void (samples = await Gateway.start('./models')));
  afterAll(() => tearDown(samples));

  it('tell where they come from', async () => {
    const names = ['bitmap-blocks', 'breast-tumor', 'digits', 'digits-from-bitmap', 'language'];
    // `yarn samples` may have installed another one.
    expect((await list(samples)).data.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining([...names, 'sentences', 'text-direction']),
    );
    for (const name of ['bitmap-blocks', 'breast-tumor', 'digits', 'language']) {
      const { versions } = await details(name, samples);
      const { onnx, file_bytes, memory } = versions[0];
      expect(onnx).toMatchObject({
        ir_version: expect.any(Number),
        opset: { 'ai.onnx': expect.any(Number) },
        producer_name: 'nexus',
        doc_string: expect.stringMatching(/\w/),
        truncated: false,
      });
      expect(file_bytes).toBe(statSync(`models/${name}/1/model.onnx`).size);
      expect(memory.resident_bytes).toBeGreaterThan(0);
    }
  });

  it('have a pipeline that answers what its models do, one after the other', async () => {
    const predict = async (model: string, request: object) => {
      const message = { method: 'POST', body: JSON.stringify(request) };
      return (await samples.send(`/v1/models/${model}/predict`, message)).json().outputs;
    };
    const { example: inputs } = parse(readFileSync('models/digits-from-bitmap/model.yaml', 'utf8'));
    const { image } = await predict('bitmap-blocks', { inputs });
    const digit = await predict('digits', { inputs: { image } });
    expect(await predict('digits-from-bitmap', { inputs })).toEqual(digit);
    expect(digit.label).toBe(7);
  });
});
