import { affine, counter, tokens } from '../../fixtures/models';
import { countTo, fp32, int64, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const PAD = `pad:
  axis: 1
  lengths: [8, 4]
  inputs: { ids: 7 }
  mask: mask
  outputs: [same]
max_queue_delay_us: 2000000
max_batch_rows: 2
`;
/** Takes some hundred milliseconds. */
const SLOW = 1_000_000;

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .model('sizes', affine(), 'allowed_batch_sizes: [8, 3]\n')
    .model('tokens', tokens(), PAD)
    .model('counter', counter(), 'max_batch_rows: 1\n')
    .model('target', affine(), 'target_p99_ms: 50\n');
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const floats = (data: number[]) => ({
  inputs: [fp32('x', [data.length, 1], data)],
});
const sentence = (...ids: number[]) => ({
  inputs: [int64('ids', [1, ids.length], ids), int64('mask', [1, ids.length], Array(ids.length).fill(1))],
});
const outputsOf = async (answer: ReturnType<Gateway['infer']>) => {
  const { status, body } = await answer;
  expect([status, body.error]).toEqual([200, undefined]);
  return Object.fromEntries(
    body.outputs.map(({ name, data }: { name: string; data: number[] }) => [name, data]),
  );
};

describe('allowed_batch_sizes', () => {
  it('fills a batch up to the next of them, and nobody sees the rows that were added', async () => {
    const padding = () => gateway.metric('nexus_inference_padding_rows_total{model="sizes",version="1"}');
    expect(await padding()).toBe(0);
    expect(await outputsOf(gateway.infer('sizes', floats([10, 20])))).toEqual({ y: [21, 41] });
    expect(await padding()).toBe(1);
    expect(await outputsOf(gateway.infer('sizes', floats([1, 2, 3, 4])))).toEqual({ y: [3, 5, 7, 9] });
    expect(await padding()).toBe(5);
    const ten = Array.from({ length: 10 }, (_, index) => index);
    const y = ten.map((x) => 2 * x + 1);
    expect(await outputsOf(gateway.infer('sizes', floats(ten)))).toEqual({ y });
    expect(await padding()).toBe(6);
  });

  it('counts the rows of requests only', async () => {
    const rows = 'nexus_inference_rows_total{model="sizes",version="1"}';
    const before = (await gateway.metric(rows)) ?? 0;
    await gateway.infer('sizes', floats([1]));
    expect(await gateway.metric(rows)).toBe(before + 1);
  });
});

describe('pad', () => {
  it('lets requests of different lengths share a run, and gives each what it would have alone', async () => {
    const [short, long] = await Promise.all([
      outputsOf(gateway.infer('tokens', sentence(1, 2))),
      outputsOf(gateway.infer('tokens', sentence(3, 4, 5))),
    ]);
    expect(short).toEqual({ same: [1, 2], sum: [3], length: [4] });
    expect(long).toEqual({ same: [3, 4, 5], sum: [12], length: [4] });
    expect(await gateway.metric('nexus_inference_executions_total{model="tokens",version="1"}')).toBe(1);
  });

  it('takes the next length, and leaves what is longer than all of them as it is', async () => {
    const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const [five, all] = await Promise.all([
      outputsOf(gateway.infer('tokens', sentence(1, 2, 3, 4, 5))),
      outputsOf(gateway.infer('tokens', sentence(...nine))),
    ]);
    expect(five).toEqual({ same: [1, 2, 3, 4, 5], sum: [15], length: [8] });
    expect(all).toEqual({ same: nine, sum: [45], length: [9] });
  });

  it('leaves inputs that do not fit together to the model', async () => {
    const inputs = [int64('ids', [1, 3], [1, 2, 3]), int64('mask', [1, 2], [1, 1])];
    const { status, body } = await gateway.infer('tokens', { inputs });
    expect(status).toBe(400);
    expect(body.error).toContain('tokens');
  });
});

describe('a deadline that cannot be met', () => {
  it('is refused at once with 429 and when to come again', async () => {
    for (let run = 0; run < 3; run++)
      expect((await gateway.infer('counter', countTo(SLOW))).status).toBe(200);
    const busy = [gateway.infer('counter', countTo(SLOW))];
    await gateway.running('counter');
    busy.push(gateway.infer('counter', countTo(SLOW)));
    await gateway.queued('counter', 1);
    const refused = await gateway.send('/v2/models/counter/infer', {
      method: 'POST',
      headers: { 'x-request-timeout': '5' },
      body: JSON.stringify(countTo(1)),
    });
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    expect(refused.json().error).toMatch(
      /'counter' is busy and would respond in about \d+ ms, but the deadline is in/,
    );
    const series = 'nexus_inference_refusals_total{model="counter",version="1",reason="deadline"}';
    expect(await gateway.metric(series)).toBe(1);
    expect((await Promise.all(busy)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

it('why batches left is counted', async () => {
  const left = (model: string, reason: string) =>
    gateway.metric(`nexus_inference_batches_total{model="${model}",version="1",reason="${reason}"}`);
  expect(await left('tokens', 'full')).toBe(1);
  expect(await left('tokens', 'delay')).toBeGreaterThanOrEqual(2);
  expect(await left('counter', 'full')).toBe(5);
});

it('target_p99_ms answers like any other model', async () => {
  expect(await outputsOf(gateway.infer('target', oneRow(1, 2)))).toEqual({ y: [3, 5] });
});
