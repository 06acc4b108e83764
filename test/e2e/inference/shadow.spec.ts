import { affine, echo, identity, slow, sumOfFour } from '../../fixtures/models';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const EXPLICIT = { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: '*' };
let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .model('m', affine(2), 'labels:\n  y: [one, two]\n')
    .add('m/2/model.onnx', affine(3))
    .add('m/3/model.onnx', affine(-1))
    .add('m/4/model.onnx', echo())
    .model('f', affine(2))
    .add('f/2/model.onnx', sumOfFour())
    .model('s', identity('x', 'y', ['batch']))
    .add('s/2/model.onnx', slow(300_000));
  gateway = await Gateway.start(repository, EXPLICIT);
});

afterAll(() => tearDown(gateway, repository));

const call = async (method: string, path: string, body?: object) => {
  const message = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const answer = await gateway.send(`/v1/models/${path}`, message);
  return answer.status === 200 ? answer.json() : { status: answer.status, ...answer.json().error };
};
const shadowedBy = (version: string, share = 1, model = 'm') =>
  call('PUT', `${model}/traffic`, { weights: { '1': 1 }, shadow: { version, share } });
const ask = async (data: number[], shape = [1, data.length], model = 'm') => {
  const { status, body } = await gateway.infer(model, {
    inputs: [fp32('x', shape, data)],
  });
  expect([status, body.model_version]).toEqual([200, '1']);
};
/** The report, once so many requests are accounted for. */
const reportOf = async (count: number, model = 'm') => {
  for (;;) {
    const { shadow } = await call('GET', `${model}/shadow`);
    const { compared, failed, dropped } = shadow?.requests ?? { compared: 0, failed: 0, dropped: 0 };
    if (compared + failed + dropped >= count) return shadow;
  }
};

it('there is none before one is asked for', async () => {
  await call('PUT', 'm/traffic', { weights: { '1': 1 } });
  await ask([1, 3]);
  expect(await call('GET', 'm/shadow')).toEqual({ model: 'm', shadow: null });
});

it('a shadow is shown requests, and its answers are compared', async () => {
  const set = await shadowedBy('2');
  expect(set.after).toEqual({
    weights: { '1': 1 },
    sticky: false,
    shadow: { version: '2', share: 1 },
  });
  for (let count = 1; count <= 4; count++) {
    await ask([1, 3]);
    await reportOf(count);
  }
  expect(await reportOf(4)).toEqual({
    version: '2',
    active: true,
    since: expect.any(String),
    requests: { compared: 4, failed: 0, dropped: 0 },
    last_failure: null,
    outputs: [{ name: 'y', equal: 0, incomparable: 0, max_abs_difference: 3, label_agreement: 1 }],
    mean_latency_ms: { answering: expect.any(Number), shadow: expect.any(Number) },
  });
  const series = 'nexus_shadow_requests_total{model="m",version="2",outcome="compared"}';
  expect(await gateway.metric(series)).toBe(4);
});

it('another version begins anew, and may see other labels', async () => {
  await shadowedBy('3');
  await ask([1, 3]);
  const { version, outputs } = await reportOf(1);
  expect([version, outputs[0].label_agreement]).toEqual(['3', 0]);
  const labels = 'nexus_shadow_label_rows_total{model="m",version="3",agree="false"}';
  expect(await gateway.metric(labels)).toBe(1);
  expect(await gateway.metric('nexus_shadow_max_abs_difference{model="m",version="3"}')).toBe(9);
});

it('sees only its share', async () => {
  await shadowedBy('2', 0.5);
  for (let count = 0; count < 8; count++) {
    await ask([1, 3]);
    if (count % 2 === 1) await reportOf((count + 1) / 2);
  }
  expect((await reportOf(4)).requests.compared).toBe(4);
});

it('may fail without affecting clients', async () => {
  await shadowedBy('2', 1, 'f');
  await ask([1, 3], [1, 2], 'f');
  const { requests, last_failure: failure } = await reportOf(1, 'f');
  expect(requests).toEqual({ compared: 0, failed: 1, dropped: 0 });
  expect(failure).toMatch(/MatMul/);
  const series = 'nexus_shadow_requests_total{model="f",version="2",outcome="failed"}';
  expect(await gateway.metric(series)).toBe(1);
});

it('may have other inputs without affecting clients', async () => {
  await shadowedBy('4');
  await ask([1, 3]);
  const { requests, last_failure: failure } = await reportOf(1);
  expect(requests).toEqual({ compared: 0, failed: 1, dropped: 0 });
  expect(failure).toMatch(/'x': expected datatype BYTES/);
});

it('is passed over when there is too much to do', async () => {
  await shadowedBy('2', 1, 's');
  await Promise.all(Array.from({ length: 20 }, () => ask([1], [1], 's')));
  const { requests } = await reportOf(20, 's');
  expect(requests.dropped).toBeGreaterThan(0);
  expect(requests.compared).toBeGreaterThan(0);
  expect(requests.compared + requests.dropped).toBe(20);
});

it('is kept across a restart, and ends with promote', async () => {
  await shadowedBy('2');
  await gateway.stop();
  gateway = await Gateway.start(repository, EXPLICIT);
  await ask([1, 3]);
  expect((await reportOf(1)).active).toBe(true);
  await call('POST', 'm/promote', { version: '1' });
  expect((await reportOf(1)).active).toBe(false);
  await ask([1, 3]);
  expect((await reportOf(1)).requests.compared).toBe(1);
});

it.each([
  [{ version: '1', share: 1 }, 400, /shadow\.version: expected a version without a weight, got 1; /],
  [{ version: '9', share: 1 }, 404, /version 9 not found/],
  [{ version: '2', share: 1.5 }, 400, /with a share from 0 to 1/],
  [{ version: 2, share: 1 }, 400, /expected \{"version": "2", "share": 0\.1\}/],
  ['2', 400, /expected \{"version": "2", "share": 0\.1\}/],
])('%j cannot be the shadow', async (shadow, status, message) => {
  const refused = await call('PUT', 'm/traffic', { weights: { '1': 1 }, shadow });
  expect(refused).toMatchObject({ status, message: expect.stringMatching(message) });
});
