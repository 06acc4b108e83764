import { Metrics } from '../../../src/observability/metrics/metrics';
import { ModelMetrics } from '../../../src/observability/metrics/model-metrics';

/** The samples of one metric, as a scrape has them. */
async function scrape(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split('\n').filter((line) => line.startsWith(name));
}

/** Makes `model` the only one that is served. Returns where its requests are counted. */
function serve(metrics: Metrics, model: string): ModelMetrics {
  const counts = new ModelMetrics({ model, version: '1' });
  metrics.watchModels(() => [{ ...DIGITS, model, state: 'READY', metrics: counts }]);
  return counts;
}

const DIGITS = {
  model: 'digits',
  version: '1',
  waitingRows: 7,
  waitingRequests: 2,
  delayMs: 0,
  running: 1,
  loadMs: 5,
  targets: [],
  memory: () => Promise.resolve([1024]),
};

describe('Metrics', () => {
  it('counts requests by outcome, and the rows of those that succeeded', async () => {
    const metrics = new Metrics();
    const digits = serve(metrics, 'digits');
    digits.request('success', 3, { totalMs: 1 });
    digits.request('invalid', 5, { totalMs: 1 });
    expect(await scrape(metrics, 'nexus_inference_requests_total')).toEqual([
      'nexus_inference_requests_total{model="digits",version="1",outcome="success"} 1',
      'nexus_inference_requests_total{model="digits",version="1",outcome="invalid"} 1',
    ]);
    expect(await scrape(metrics, 'nexus_inference_rows_total')).toEqual([
      'nexus_inference_rows_total{model="digits",version="1"} 3',
    ]);
  });

  it('has no series of a version that is not served any more', async () => {
    const metrics = new Metrics();
    const digits = serve(metrics, 'digits');
    digits.request('success', 3, { totalMs: 1 });
    metrics.runnerRestarted('digits', '1');
    expect(await scrape(metrics, 'nexus_runner_restarts_total')).toHaveLength(1);
    metrics.watchModels(() => []);
    expect((await metrics.registry.metrics()).match(/.*model="digits".*/)).toBeNull();
  });

  it('puts rows into buckets whose bounds are inclusive, and adds them up', async () => {
    const metrics = new Metrics();
    const digits = serve(metrics, 'digits');
    for (const rows of [1, 2, 3, 5000]) digits.executed(rows, 0, { inputMs: 0, runMs: 2, outputMs: 0 });
    const lines = await scrape(metrics, 'nexus_inference_batch_rows');
    const value = (suffix: string) =>
      lines
        .find((line) => line.includes(suffix))
        ?.split(' ')
        .at(-1);
    expect(value('le="1"')).toBe('1');
    expect(value('le="2"')).toBe('2');
    expect(value('le="4"')).toBe('3');
    expect(value('le="1024"')).toBe('3');
    expect(value('le="+Inf"')).toBe('4');
    expect(value('_sum')).toBe('5006');
    expect(value('_count')).toBe('4');
  });

  it('reports times in seconds', async () => {
    const metrics = new Metrics();
    serve(metrics, 'digits').request('success', 1, { totalMs: 250, queueMs: 5 });
    expect(await scrape(metrics, 'nexus_inference_request_duration_seconds_sum')).toEqual([
      'nexus_inference_request_duration_seconds_sum{model="digits",version="1"} 0.25',
    ]);
    expect(await scrape(metrics, 'nexus_inference_queue_duration_seconds_sum')).toEqual([
      'nexus_inference_queue_duration_seconds_sum{model="digits",version="1"} 0.005',
    ]);
  });

  it('asks for the models when it is scraped', async () => {
    const metrics = new Metrics();
    serve(metrics, 'digits');
    expect(await scrape(metrics, 'nexus_queue_rows')).toEqual([
      'nexus_queue_rows{model="digits",version="1"} 7',
    ]);
    expect(await scrape(metrics, 'nexus_model_state')).toEqual([
      'nexus_model_state{model="digits",version="1",state="LOADING"} 0',
      'nexus_model_state{model="digits",version="1",state="READY"} 1',
      'nexus_model_state{model="digits",version="1",state="UNAVAILABLE"} 0',
      'nexus_model_state{model="digits",version="1",state="UNLOADING"} 0',
    ]);
    expect(await scrape(metrics, 'nexus_model_memory_bytes')).toEqual([
      'nexus_model_memory_bytes{model="digits",version="1"} 1024',
    ]);
  });

  it('escapes what a label may not hold', async () => {
    const metrics = new Metrics();
    serve(metrics, 'a"b\n').executed(1, 0, { inputMs: 0, runMs: 1, outputMs: 0 });
    expect(await scrape(metrics, 'nexus_inference_executions_total')).toEqual([
      'nexus_inference_executions_total{model="a\\"b\\n",version="1"} 1',
    ]);
  });
});
