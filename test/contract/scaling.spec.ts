import { join } from 'node:path';
import { CHART, HAS_HELM, helmTemplate, manifestsOf, yamlOf } from '../e2e/support/chart';
import { Repository } from '../e2e/support/gateway';
import { HAS_PROMTOOL, promtool } from '../e2e/support/monitoring';

const BUCKET = 'nexus_inference_queue_duration_seconds_bucket';

/** Series of two replicas, of an idle model, and of another release. Each request of m waits 50 to 100 ms. */
const series = [
  ['nexus_queue_requests', 'nexus-5d8f9c7b6-abcde', 'm', '', '3x20'],
  ['nexus_queue_requests', 'nexus-5d8f9c7b6-fghij', 'm', '', '5x20'],
  ['nexus_queue_requests', 'nexus-2-5d8f9c7b6-abcde', 'm', '', '100x20'],
  [BUCKET, 'nexus-5d8f9c7b6-abcde', 'm', '0.05', '0x20'],
  [BUCKET, 'nexus-5d8f9c7b6-abcde', 'm', '0.1', '0+60x20'],
  [BUCKET, 'nexus-5d8f9c7b6-abcde', 'm', '+Inf', '0+60x20'],
  [BUCKET, 'nexus-5d8f9c7b6-fghij', 'idle', '0.1', '7x20'],
  [BUCKET, 'nexus-5d8f9c7b6-fghij', 'idle', '+Inf', '7x20'],
].map(([name, pod, model, le, values]) => ({
  series: `${name}{namespace="ml",pod="${pod}",model="${model}",version="1"${le === '' ? '' : `,le="${le}"`}}`,
  values,
}));

/** What Prometheus answers to `expr`, with the series or with none, as promtool compares it. */
function check(expr: string, input_series: object[], exp_samples: object[]): string {
  const files = new Repository().add(
    'test.yaml',
    JSON.stringify({
      rule_files: [],
      tests: [{ interval: '1m', input_series, promql_expr_test: [{ expr, eval_time: '10m', exp_samples }] }],
    }),
  );
  const { status, output } = promtool(['test', 'rules', join(files.path, 'test.yaml')]);
  files.remove();
  return status === 0 ? '' : output;
}

(HAS_PROMTOOL && HAS_HELM ? describe : describe.skip)('KEDA', () => {
  const triggers = () => {
    const { stdout } = helmTemplate('--values', join(CHART, 'ci/keda-values.yaml'));
    const [object] = manifestsOf(stdout).filter(({ kind }) => kind === 'ScaledObject');
    return object!.spec.triggers.filter(({ type }: any) => type === 'prometheus');
  };

  it.each([
    ['the requests in the queues of this release', 0, 8, '8'],
    ['the 95th percentile of their wait, which idle models do not hide', 1, 0.0975, '0.1'],
  ])('scales by %s, and by 0 before the first', (_what, index, value, threshold) => {
    const { metadata } = triggers()[index];
    expect(metadata.threshold).toBe(threshold);
    expect(check(metadata.query, series, [{ labels: '{}', value }])).toBe('');
    expect(check(metadata.query, [], [{ labels: '{}', value: 0 }])).toBe('');
  });
});

(HAS_PROMTOOL ? describe : describe.skip)('the adapter for custom metrics', () => {
  it.each([
    ['the requests in the queues', 0, 3, 5],
    ['the 95th percentile of their wait, 0 without requests', 1, 0.0975, 0],
  ])('has for each pod %s', (_what, index, first, second) => {
    const query = (yamlOf('deploy/prometheus/adapter.yaml').rules.custom[index].metricsQuery as string)
      .replaceAll('<<.GroupBy>>', 'pod')
      .replaceAll('<<.LabelMatchers>>', 'namespace="ml",pod=~"nexus-5d8f9c7b6-abcde|nexus-5d8f9c7b6-fghij"');
    expect(
      check(query, series, [
        { labels: '{pod="nexus-5d8f9c7b6-abcde"}', value: first },
        { labels: '{pod="nexus-5d8f9c7b6-fghij"}', value: second },
      ]),
    ).toBe('');
  });
});
