import { Registry } from 'prom-client';
import { UsageMetrics } from '../../../src/usage/usage-metrics';

it('has series for 100 tenants, and one for all others', async () => {
  const registry = new Registry();
  const { totalOf } = new UsageMetrics(registry);
  for (const round of [1, 2])
    for (let tenant = 1; tenant <= 150; tenant++) totalOf(`t${tenant}`).requests += round;
  const lines = (await registry.metrics())
    .split('\n')
    .filter((line) => line.startsWith('nexus_usage_requests_total{'));
  expect(lines).toHaveLength(101);
  expect(lines).toContain('nexus_usage_requests_total{tenant="t100"} 3');
  expect(lines.at(-1)).toBe('nexus_usage_requests_total{tenant="other"} 150');
});
