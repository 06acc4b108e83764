import type { Registry } from 'prom-client';
import type { Distribution } from './distribution';
import type { ModelMetrics } from './model-metrics';
import { registerScraped, type Sample } from './scraped';
import type { TokenCounts } from './token-counts';

/**
 * Registers the metrics of tokens: one series for each model version whose requests are forwarded to engines.
 * @param models returns the metrics of every version currently served.
 */
export function registerTokenMetrics(registry: Registry, models: () => Iterable<ModelMetrics>): void {
  const register = (
    type: 'counter' | 'histogram',
    name: string,
    help: string,
    samples: (counts: TokenCounts, labels: ModelMetrics['labels']) => Sample[],
  ) =>
    registerScraped(registry, {
      name,
      help,
      type,
      read: () =>
        [...models()].flatMap(({ forwarded, labels }) =>
          forwarded.requests === 0 ? [] : samples(forwarded, labels),
        ),
    });
  const histogram = (name: string, help: string, values: (counts: TokenCounts) => Distribution) =>
    register('histogram', name, help, (counts, labels) => values(counts).samples(name, labels));
  register(
    'counter',
    'nexus_tokens_in_total',
    'Tokens of prompts that were forwarded to engines, as they count them, or else estimated.',
    ({ tokensIn }, labels) => [{ labels, value: tokensIn }],
  );
  register(
    'counter',
    'nexus_tokens_out_total',
    'Tokens that engines generated, as they count them, or else the pieces of streams.',
    ({ tokensOut }, labels) => [{ labels, value: tokensOut }],
  );
  histogram(
    'nexus_time_to_first_token_seconds',
    'Time from a streamed request to its first token.',
    ({ firstToken }) => firstToken,
  );
  histogram(
    'nexus_tokens_per_second',
    'Tokens a second of a stream, after its first token.',
    ({ rate }) => rate,
  );
}
