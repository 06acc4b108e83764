import { affine, counter } from '../../fixtures/models';
import { countTo, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { withBinary } from '../support/http';
import { tearDown } from '../support/tear-down';

const repository = new Repository().model('affine', affine()).model('counter', counter());
let gateway: Gateway;

beforeAll(async () => {
  gateway = await Gateway.start(repository, {
    NEXUS_TRUST_PROXY: '127.0.0.1',
    NEXUS_CACHE_ENTRY_LIMIT: '64KiB',
  });
});

afterAll(() => tearDown(gateway, repository));

const infer = (model: string, body: object, key?: string, headers = {}) =>
  gateway.send(`/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { ...(key === undefined ? {} : { 'idempotency-key': key }), ...headers },
    body: JSON.stringify(body),
  });
const runsOf = async (model: string) =>
  (await gateway.send(`/v2/models/${model}/stats`)).json().model_stats[0].execution_count as number;

it('a retry gets the stored response without a run', async () => {
  const before = await runsOf('affine');
  const first = await infer('affine', oneRow(1, 2), 'retry-1');
  const again = await infer('affine', oneRow(1, 2), '"retry-1"');
  expect([first.status, again.status]).toEqual([200, 200]);
  expect(again.body).toEqual(first.body);
  expect([first, again].map(({ headers }) => headers['idempotency-replayed'])).toEqual([undefined, 'true']);
  expect(await runsOf('affine')).toBe(before + 1);
});

it('a retry of a binary response gets the same bytes', async () => {
  const { body, headers } = withBinary(
    {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
      parameters: { binary_data_output: true },
    },
    new Float32Array([1, 2]),
  );
  const ask = () =>
    gateway.send('/v2/models/affine/infer', {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': 'binary' },
      body,
    });
  const [first, again] = [await ask(), await ask()];
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect(again.body).toEqual(first.body);
  expect(again.headers['inference-header-content-length']).toBe(
    first.headers['inference-header-content-length'],
  );
});

it('another body, path or format is refused', async () => {
  await infer('affine', oneRow(1, 2), 'other');
  const answers = [
    await infer('affine', oneRow(1, 3), 'other'),
    await infer('counter', oneRow(1, 2), 'other'),
    await infer('affine', oneRow(1, 2), 'other', { accept: 'application/octet-stream' }),
  ];
  for (const answer of answers)
    expect([answer.status, answer.json().error]).toEqual([
      422,
      expect.stringContaining('was used for a different request'),
    ]);
});

it('clients do not see the responses of others', async () => {
  const from = (address: string) => infer('affine', oneRow(5), 'shared', { 'x-forwarded-for': address });
  await from('10.0.0.1');
  expect((await from('10.0.0.2')).headers['idempotency-replayed']).toBeUndefined();
  expect((await from('10.0.0.1')).headers['idempotency-replayed']).toBe('true');
});

it('a second request while the first runs is asked to retry later', async () => {
  const proceed = gateway.halt('counter');
  const first = infer('counter', countTo(2), 'running');
  await gateway.running('counter');
  const second = await infer('counter', countTo(2), 'running');
  expect([second.status, second.headers['retry-after']]).toEqual([409, '1']);
  const other = await infer('counter', countTo(1), 'running');
  expect(other.status).toBe(422);
  proceed();
  expect((await first).status).toBe(200);
  expect((await infer('counter', countTo(2), 'running')).headers['idempotency-replayed']).toBe('true');
});

it('a failed request is run again', async () => {
  const before = await runsOf('affine');
  for (const round of [1, 2]) {
    const { status } = await infer('affine', oneRow('x'), 'failed');
    expect([round, status]).toEqual([round, 400]);
  }
  expect((await infer('missing', oneRow(1), 'missing')).status).toBe(404);
  expect(await runsOf('affine')).toBe(before);
});

it('a response above the limit is not stored', async () => {
  const row = oneRow(...Array.from({ length: 30_000 }, (_, index) => index));
  await infer('affine', row, 'large');
  expect((await infer('affine', row, 'large')).headers['idempotency-replayed']).toBeUndefined();
});

it.each(['', '""', 'a b"', 'ä', 'x'.repeat(256)])('the key %j is refused', async (key) => {
  const answer = await infer('affine', oneRow(1), Buffer.from(key).toString('latin1'));
  expect([answer.status, answer.json().error]).toEqual([
    400,
    expect.stringMatching(/^Idempotency-Key: expected 1 to 255/),
  ]);
});

it('a prediction is replayed too', async () => {
  const predict = () =>
    gateway.send('/v1/models/affine/predict', {
      method: 'POST',
      headers: { 'idempotency-key': 'predict' },
      body: JSON.stringify({ inputs: { x: [[1, 2]] } }),
    });
  const first = await predict();
  const again = await predict();
  expect([first.status, again.body]).toEqual([200, first.body]);
  expect(again.headers['idempotency-replayed']).toBe('true');
});
