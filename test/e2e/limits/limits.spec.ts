import { affine, counter } from '../../fixtures/models';
import { KeysFile } from '../../fixtures/keys';
import { countTo, messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

const file = new KeysFile();
const keys = {
  few: file.add('few', { limits: { requests_per_day: 3 } }),
  rows: file.add('rows', { limits: { rows_per_day: 10 } }),
  bytes: file.add('bytes', { limits: { input_bytes_per_hour: 64 } }),
  flight: file.add('flight', { limits: { in_flight: 1 } }),
  first: file.add('first', { tenant: 'acme' }),
  second: file.add('second', { tenant: 'acme' }),
  rich: file.add('rich', { scopes: ['infer', 'read', 'admin'] }),
  stream: file.add('stream', { limits: { requests_per_day: 2 } }),
  failing: file.add('failing', { limits: { requests_per_day: 4, rows_per_day: 100 } }),
};
file.tenant('acme', { requests_per_day: 3 });
const repository = new Repository()
  .model('affine', affine())
  .model('limited', affine(), 'limits: { requests_per_day: 2, rows_per_day: 5 }')
  .model('counter', counter())
  .model('tight', counter(), 'max_queue_rows: 1');
let gateway: Gateway;
let client: GrpcClient;

beforeAll(async () => {
  gateway = await Gateway.start(repository, { NEXUS_KEYS_FILE: file.path, NEXUS_PUBLIC: 'metrics' });
  client = new GrpcClient(gateway.grpc);
});

afterAll(async () => {
  client.close();
  file.remove();
  await tearDown(gateway, repository);
});

type KeyName = keyof typeof keys;
const infer = (name: KeyName, model: string, body: object) =>
  gateway.send(`/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { 'x-api-key': keys[name] },
    body: JSON.stringify(body),
  });
const rowsOf = (count: number) => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [count, 1], data: Array.from({ length: count }, () => 1) }],
});
const statuses = async (name: KeyName, model: string, bodies: readonly object[]) => {
  const found: number[] = [];
  for (const body of bodies) found.push((await infer(name, model, body)).status);
  return found;
};

it('requests of a key count over all routes, and the headers report them', async () => {
  const headers = { 'x-api-key': keys.few };
  const first = await gateway.send('/v2', { headers });
  expect(first.headers).toMatchObject({
    ratelimit: '"key_requests_per_day";r=2;t=28800',
    'ratelimit-policy': '"key_requests_per_day";q=3;w=86400',
    'x-ratelimit-limit-requests': '3',
    'x-ratelimit-remaining-requests': '2',
    'x-ratelimit-reset-requests': '480m0s',
  });
  expect(await statuses('few', 'affine', [oneRow(1), oneRow(1), oneRow(1)])).toEqual([200, 200, 429]);
  const refused = await gateway.send('/v1/models', { headers });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(28_000);
  expect(refused.json().error).toMatchObject({ type: 'rate_limited', code: 'rate_limited' });
  expect((await gateway.send('/health/live', { headers })).status).toBe(200);
});

it('rows are charged before the work, all or nothing', async () => {
  const first = await infer('rows', 'affine', rowsOf(6));
  expect(first.headers['ratelimit']).toMatch(/"key_rows_per_day";r=4;t=\d+$/);
  expect(first.headers['ratelimit-policy']).toMatch(/"key_rows_per_day";q=10;w=86400;qu="rows"$/);
  expect(await statuses('rows', 'affine', [rowsOf(5), rowsOf(4), rowsOf(1)])).toEqual([429, 200, 429]);
  const never = await infer('rows', 'affine', rowsOf(11));
  expect([never.status, never.headers['retry-after']]).toEqual([413, undefined]);
  expect(never.headers['ratelimit']).toMatch(/"key_rows_per_day";r=0;t=\d+$/);
  expect(never.json().error).toMatch(
    /^the request alone exceeds the limit of 10 rows .* send fewer rows per request$/,
  );
});

it('bytes are those of the input tensors', async () => {
  expect(await statuses('bytes', 'affine', [rowsOf(8), rowsOf(8), rowsOf(1)])).toEqual([200, 200, 429]);
});

it('a refused request costs nothing, and one that fails on this side is given back', async () => {
  const remaining = async () =>
    Number(
      (await gateway.send('/v2', { headers: { 'x-api-key': keys.failing } })).headers[
        'x-ratelimit-remaining-requests'
      ],
    );
  expect(await remaining()).toBe(3);
  // Above the limit of rows, so the request itself is not charged either.
  expect((await infer('failing', 'affine', rowsOf(101))).status).toBe(413);
  expect(await remaining()).toBe(2);
  const proceed = gateway.halt('tight');
  const running = infer('rich', 'tight', countTo(1));
  await gateway.running('tight');
  const queued = infer('rich', 'tight', countTo(1));
  await gateway.queued('tight', 1);
  expect((await infer('failing', 'tight', countTo(1))).status).toBe(429);
  proceed();
  await Promise.all([running, queued]);
  // The queue was full, which is not the fault of the client.
  expect(await remaining()).toBe(1);
  expect((await infer('failing', 'affine', oneRow('x'))).status).toBe(400);
  expect(await statuses('failing', 'affine', [oneRow(1)])).toEqual([429]);
});

it('keys of a tenant share its limits', async () => {
  expect(await statuses('first', 'affine', [oneRow(1), oneRow(1)])).toEqual([200, 200]);
  expect(await statuses('second', 'affine', [oneRow(1), oneRow(1)])).toEqual([200, 429]);
});

it('a model has limits of its own, for all clients together', async () => {
  expect(await statuses('rich', 'limited', [rowsOf(4), rowsOf(2), rowsOf(1), rowsOf(1)])).toEqual([
    200, 429, 200, 429,
  ]);
});

it('requests in flight are limited until they are answered', async () => {
  const proceed = gateway.halt('counter');
  const first = infer('flight', 'counter', countTo(1));
  await gateway.running('counter');
  const second = await infer('flight', 'counter', countTo(1));
  expect([second.status, second.headers['retry-after']]).toEqual([429, '1']);
  expect(second.json().error).toMatch(/^the limit of 1 request in flight for this key is reached/);
  proceed();
  expect((await first).status).toBe(200);
  expect((await infer('flight', 'counter', countTo(1))).status).toBe(200);
});

describe('over gRPC', () => {
  it('a refusal has the limits and a RetryInfo', async () => {
    const call = () => client.call('ModelInfer', messageOf('limited', oneRow(1)), { 'x-api-key': keys.rich });
    const { error, trailers } = await call();
    expect(error?.code).toBe(8);
    expect(trailers.get('ratelimit')[0]).toMatch(/"model_requests_per_day";r=0;t=\d+/);
    const [details] = trailers.get('grpc-status-details-bin');
    expect(String(details)).toContain('type.googleapis.com/google.rpc.RetryInfo');
    expect(Number(trailers.get('retry-after')[0])).toBeGreaterThan(0);
  });

  it('a response has the limits in its trailers', async () => {
    const { error, trailers } = await client.call('ServerMetadata', {}, { 'x-api-key': keys.rich });
    expect(error).toBeUndefined();
    expect(trailers.get('ratelimit')[0]).toMatch(/^"key_requests";r=\d+;t=\d+$/);
    expect(trailers.get('x-ratelimit-limit-requests')).toEqual(['600000']);
  });

  it('each request of a stream counts', async () => {
    const stream = client.stream('ModelStreamInfer', { 'x-api-key': keys.stream });
    for (let count = 0; count < 3; count++) stream.call.write(messageOf('affine', oneRow(1)));
    stream.call.end();
    expect((await stream.ended).code).toBe(0);
    const failures = stream.answers.map(({ error_message }) => error_message).filter((text) => text !== '');
    expect([stream.answers.length, failures]).toEqual([
      3,
      [expect.stringMatching(/^the limit of 2 requests/)],
    ]);
  });
});
