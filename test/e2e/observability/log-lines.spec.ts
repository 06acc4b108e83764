import sharp from 'sharp';
import { affine } from '../../fixtures/models';
import { writeHubModel } from '../../fixtures/hub-model';
import { fp32, messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository, type LogLine } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

const TYPO = 'payload_log: { sample: 1, redact: [z] }\n';
/** Access lines of successful requests that are written. */
const SAMPLE = 0.5;

const repository = new Repository()
  .model('plain', affine())
  .model('logged', affine(), 'payload_log: { sample: 1, max_bytes: 512 }\n')
  .model('redacted', affine(), 'payload_log: { sample: 1, redact: [y] }\n')
  .model('typo', affine(), TYPO);
const manifest = 'payload_log: { sample: 1 }\n';
writeHubModel(repository.path, 'silent', { task: 'text_classification', manifest });
writeHubModel(repository.path, 'words', {
  task: 'text_classification',
  manifest: 'payload_log: { sample: 1, texts: true, max_bytes: 512 }\n',
});
writeHubModel(repository.path, 'colours', { task: 'image_classification', manifest });

let gateway: Gateway;
let client: GrpcClient;
beforeAll(async () => {
  gateway = await Gateway.start(repository, {
    NEXUS_LOG_SAMPLE: String(SAMPLE),
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
    NEXUS_LOAD_MODELS: '*',
  });
  client = new GrpcClient(gateway.grpc);
});
afterAll(() => tearDown(client, gateway, repository));

async function post(path: string, body: object, id: string): Promise<void> {
  const headers = { 'x-request-id': id };
  const answer = await gateway.send(path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
}

/** All that has been written so far: a line that is always written follows it. */
async function linesUntilNow(id: string): Promise<readonly LogLine[]> {
  await gateway.send('/nowhere', { headers: { 'x-request-id': id } });
  await gateway.logged(({ requestId }) => requestId === id);
  return gateway.logs;
}

const payload = (id: string) =>
  gateway.logged(({ msg, requestId }) => msg === 'payload' && requestId === id) as Promise<any>;

it('one line says that models which may use CUDA run on the CPU', () => {
  const lines = gateway.logs.filter(({ msg }) => msg?.includes('CUDA'));
  const fellBack = /nexus_device_fallbacks_total\{[^}]*\} 1/g;
  expect(lines.length).toBeLessThanOrEqual(1);
  return gateway
    .fetch('/metrics')
    .then((response) => response.text())
    .then((text) => expect(lines).toHaveLength(Math.min(1, text.match(fellBack)?.length ?? 0)));
});

it('writes the lines of a share of the successful requests, which say so, and of every failure', async () => {
  const count = 64;
  for (let index = 0; index < count; index++) {
    await post('/v2/models/plain/infer', oneRow(1), `http-${index}`);
    await client.call('ModelInfer', messageOf('plain', oneRow(1)), { 'x-request-id': `grpc-${index}` });
    await gateway.send('/nowhere', { headers: { 'x-request-id': `failed-${index}` } });
  }
  const lines = await linesUntilNow('sampled');
  const of = (prefix: string) => lines.filter(({ requestId }) => String(requestId).startsWith(prefix));
  for (const sampled of [of('http-'), of('grpc-')]) {
    expect(sampled.length).toBeGreaterThan(0);
    expect(sampled.length).toBeLessThan(count);
    expect(sampled.every(({ sample }) => sample === SAMPLE)).toBe(true);
  }
  expect(of('failed-')).toHaveLength(count);
  expect(of('failed-').some((line) => 'sample' in line)).toBe(false);
});

describe('the payload log', () => {
  it('has the first elements of inputs and outputs, over HTTP and gRPC', async () => {
    const values = Array.from({ length: 500 }, (_, index) => index + 0.25);
    const body = { inputs: [fp32('x', [1, 500], values)] };
    await post('/v2/models/logged/infer', body, 'rest');
    const line = await payload('rest');
    expect(line).toMatchObject({
      model: 'logged',
      version: '1',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 500], bytes: 2000 }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 500], bytes: 2000 }],
    });
    expect(line.inputs[0].data.slice(0, 2)).toEqual([0.25, 1.25]);
    const { inputs, outputs } = line;
    expect(JSON.stringify({ inputs, outputs }).length).toBeLessThan(600);
    expect(line.outputs[0].data.length).toBeGreaterThan(5);
    await client.call('ModelInfer', messageOf('logged', oneRow(1, 2)), { 'x-request-id': 'call' });
    expect((await payload('call')).inputs).toEqual([
      { name: 'x', datatype: 'FP32', shape: [1, 2], bytes: 8, data: [1, 2] },
    ]);
  });

  it('leaves out what the settings name, and everything if a name is unknown', async () => {
    await post('/v2/models/redacted/infer', oneRow(1), 'some');
    const { inputs, outputs } = await payload('some');
    expect(inputs).toMatchObject([{ name: 'x', data: [1] }]);
    expect(outputs).toEqual([{ name: 'y', datatype: 'FP32', shape: [1, 1], bytes: 4, redacted: true }]);

    await post('/v2/models/typo/infer', oneRow(1), 'none');
    await gateway.logged(({ msg }) => msg?.includes("payload_log.redact names 'z'") === true);
    expect(
      (await linesUntilNow('typed')).some(({ msg, model }) => msg === 'payload' && model === 'typo'),
    ).toBe(false);
  });

  it('has texts only if asked for, shortened, and of pictures the size and media type', async () => {
    const text = `good "${'very '.repeat(300)}`;
    await post('/v1/models/silent/predict', { inputs: { text } }, 'silent');
    const silent = await payload('silent');
    expect(silent.inputs).toEqual([
      { name: 'text', datatype: 'BYTES', shape: [1], bytes: expect.any(Number) },
    ]);
    expect(JSON.stringify(silent)).not.toContain('very');

    await post('/v1/models/words/predict', { inputs: { text } }, 'words');
    const [{ data }] = (await payload('words')).inputs;
    expect(data).toEqual([expect.stringMatching(/^good "very very .*\.\.\.$/)]);

    const picture = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    await post('/v1/models/colours/predict', { inputs: { image: picture.toString('base64') } }, 'picture');
    expect((await payload('picture')).inputs[0].data).toEqual([
      { bytes: expect.any(Number), media_type: 'image/png' },
    ]);
  });

  it('is only for models that ask for it, and a client cannot ask', async () => {
    await post('/v2/models/plain/infer', oneRow(1), 'plain');
    const base64 = (content: string | Uint8Array) => Buffer.from(content).toString('base64');
    const parameters = {
      config: JSON.stringify({ max_batch_size: 8 }),
      'file:1/model.onnx': base64(affine()),
      'file:model.yaml': base64('payload_log: { sample: 1 }\n'),
    };
    await post('/v2/repository/models/logged/load', { parameters }, 'load');
    await post('/v2/models/logged/infer', oneRow(1), 'overridden');
    const lines = await linesUntilNow('asked');
    const payloads = lines.filter(({ msg }) => msg === 'payload').map(({ requestId }) => requestId);
    expect(payloads).not.toContain('plain');
    expect(payloads).not.toContain('overridden');
    await post('/v2/repository/models/logged/load', {}, 'reload');
  });

  it('has a limited number of lines a second, and counts those it left out', async () => {
    const isOf = ({ msg, requestId }: LogLine) => msg === 'payload' && String(requestId).startsWith('flood');
    const dropped = () =>
      gateway.logs.filter(isOf).reduce((sum, line) => sum + Number(line['dropped'] ?? 0), 0);
    let sent = 0;
    while (dropped() === 0) await post('/v2/models/logged/infer', oneRow(1), `flood-${sent++}`);
    await linesUntilNow('flooded');
    expect(gateway.logs.filter(isOf).length + dropped()).toBeLessThanOrEqual(sent);
    expect(dropped()).toBeGreaterThan(0);
  });
});
