import { affine, lookup, powers } from '../../fixtures/models';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine())
    .model('powers', powers(), 'max_batch_rows: 1\n')
    .model('lookup', lookup(), 'max_batch_rows: 8\nmax_queue_delay_us: 5\n');
  gateway = await Gateway.start(repository, { NEXUS_DEVICE: 'cpu' });
});

afterAll(() => tearDown(gateway, repository));

const json = async (path: string) => (await gateway.send(path)).json();
const rows = (count: number) => ({
  inputs: [fp32('x', [count, 1], Array<number>(count).fill(1))],
});

describe('the configuration', () => {
  it('leaves the batch dimension out where requests are batched', async () => {
    expect(await json('/v2/models/affine/config')).toMatchObject({
      name: 'affine',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      max_batch_size: 64,
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [-1] }],
      instance_group: [{ kind: 'KIND_CPU', count: 1, gpus: [] }],
      default_model_filename: 'model.onnx',
      dynamic_batching: { max_queue_delay_microseconds: 0 },
    });
  });

  it('has every dimension where they are not', async () => {
    const configuration = await json('/v2/models/powers/versions/1/config');
    expect(configuration).toMatchObject({ max_batch_size: 0, input: [{ dims: [-1, -1] }] });
    expect(configuration).not.toHaveProperty('dynamic_batching');
  });

  it('has what model.yaml says, and no dimensions for one value a row', async () => {
    expect(await json('/v2/models/lookup/config')).toMatchObject({
      max_batch_size: 8,
      input: [{ name: 'index', data_type: 'TYPE_INT64', dims: [] }],
      dynamic_batching: { max_queue_delay_microseconds: 5 },
    });
  });
});

describe('the statistics', () => {
  it('count requests, rows, runs and their times', async () => {
    for (const count of [3, 3, 2]) expect((await gateway.infer('affine', rows(count))).status).toBe(200);
    expect((await gateway.infer('affine', { inputs: [] })).status).toBe(400);
    const { model_stats } = await json('/v2/models/affine/versions/1/stats');
    expect(model_stats).toHaveLength(1);
    const [{ inference_stats, batch_stats, last_inference, ...rest }] = model_stats;
    expect(rest).toMatchObject({ name: 'affine', version: '1', inference_count: 8, execution_count: 3 });
    expect(Math.abs(Date.now() - last_inference)).toBeLessThan(60_000);
    const counts = Object.entries(inference_stats).map(([step, { count }]: any) => [step, count]);
    expect(Object.fromEntries(counts)).toEqual({
      success: 3,
      fail: 1,
      queue: 3,
      compute_input: 3,
      compute_infer: 3,
      compute_output: 3,
      cache_hit: 0,
      cache_miss: 0,
    });
    const { success, queue, compute_infer } = inference_stats;
    expect(success.ns).toBeGreaterThan(queue.ns + compute_infer.ns);
    expect(compute_infer.ns).toBeGreaterThan(0);
    expect(batch_stats.map((batch: any) => [batch.batch_size, batch.compute_infer.count])).toEqual([
      [2, 1],
      [3, 2],
    ]);
  });

  it('are there for a model and for all models', async () => {
    expect((await json('/v2/models/lookup/stats')).model_stats).toMatchObject([
      { name: 'lookup', last_inference: 0, inference_count: 0, batch_stats: [] },
    ]);
    const names = (await json('/v2/models/stats')).model_stats.map(({ name }: { name: string }) => name);
    expect(names).toEqual(['affine', 'lookup', 'powers']);
  });

  it.each(['/v2/models/none/stats', '/v2/models/affine/versions/7/stats', '/v2/models/none/config'])(
    'answer 404 for %s',
    async (path) => {
      const { status, body } = await gateway.send(path);
      expect([status, String(body)]).toEqual([404, expect.stringMatching(/^{"error":"/)]);
    },
  );
});

describe('the metrics by the names of Triton', () => {
  const labels = '{model="affine",version="1"}';
  const names = [
    'nv_inference_request_success',
    'nv_inference_count',
    'nv_inference_exec_count',
    'nv_inference_compute_infer_duration_us',
    'nv_inference_queue_duration_us',
    'nv_inference_pending_request_count',
    'nv_model_load_duration_secs',
  ];

  it('go with the statistics', async () => {
    expect((await gateway.infer('affine', rows(2))).status).toBe(200);
    const [{ inference_stats, inference_count, execution_count }] = (await json('/v2/models/affine/stats'))
      .model_stats;
    const metric = (name: string) => gateway.metric(`${name}${labels}`);
    expect(await metric('nv_inference_request_success')).toBe(inference_stats.success.count);
    expect(await metric('nv_inference_count')).toBe(inference_count);
    expect(await metric('nv_inference_exec_count')).toBe(execution_count);
    const microseconds = await metric('nv_inference_compute_infer_duration_us');
    expect(microseconds).toBe(Math.round(inference_stats.compute_infer.ns / 1000));
    expect(await metric('nv_inference_pending_request_count')).toBe(0);
    expect(await metric('nv_model_load_duration_secs')).toBeGreaterThan(0);
    expect(await gateway.metric('nv_cpu_memory_total_bytes')).toBeGreaterThan(1e6);
  });

  it('have the reason of a failure', async () => {
    const failed = (reason: string) =>
      gateway.metric(`nv_inference_request_failure{model="affine",version="1",reason="${reason}"}`);
    const before = await failed('OTHER');
    expect((await gateway.infer('affine', { inputs: [] })).status).toBe(400);
    expect(await failed('OTHER')).toBe(before! + 1);
    expect(await failed('REJECTED')).toBe(0);
  });

  it('can be turned off', async () => {
    const without = await Gateway.start(repository, { NEXUS_TRITON_METRICS: 'off' });
    const text = await (await without.fetch('/metrics')).text();
    await without.stop();
    for (const name of names) expect(text).not.toContain(name);
    expect(text).toContain('nexus_inference_requests_total');
  });
});
