import type { Counter } from '../limits/counter';
import { headerOf, type LimitHeader, secondsOf, tightest } from '../limits/headers';
import type { Standing } from '../limits/verdict';

/** Names of the draft for what a limit counts, where it has one; requests are the default. */
const QUOTA_UNITS: Readonly<Record<LimitHeader['unit'], string>> = {
  requests: '',
  rows: ';qu="rows"',
  input_bytes: ';qu="content-bytes"',
  tokens: ';qu="tokens"',
  in_flight: ';qu="concurrent-requests"',
};

/** The policy of each counter, which never changes. */
const policies = new WeakMap<Counter, string>();

/**
 * Calls `write` with the headers for `standings`: RateLimit and RateLimit-Policy
 * (draft-ietf-httpapi-ratelimit-headers-10), and the headers of the OpenAI API for the limit of requests with the fewest
 * left.
 */
export function writeLimitHeaders(
  standings: readonly Standing[],
  write: (name: string, value: string) => void,
): void {
  const requests = tightest(standings, 'requests');
  let states = '';
  let limits = '';
  for (const standing of standings) {
    const separator = states === '' ? '' : ', ';
    states += separator + stateOf(standing);
    limits += separator + policyOf(standing);
  }
  write('ratelimit', states);
  write('ratelimit-policy', limits);
  if (requests === undefined) return;
  write('x-ratelimit-limit-requests', String(requests.counter.limit));
  write('x-ratelimit-remaining-requests', String(requests.remaining));
  write('x-ratelimit-reset-requests', durationOf(requests.resetMs));
}

function stateOf({ counter, remaining, resetMs }: Standing): string {
  return `"${counter.policy}";r=${remaining};t=${secondsOf(resetMs)}`;
}

function policyOf(standing: Standing): string {
  const { counter } = standing;
  let text = policies.get(counter);
  if (text === undefined) {
    const { policy, limit, windowS, unit } = headerOf(standing);
    text = `"${policy}";q=${limit}${windowS === undefined ? '' : `;w=${windowS}`}${QUOTA_UNITS[unit]}`;
    policies.set(counter, text);
  }
  return text;
}

/** A duration as OpenAI writes it: `12ms`, `1.5s`, `6m0s`. */
function durationOf(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1000) return `${whole}ms`;
  if (whole < 60_000) return `${Math.ceil(whole / 10) / 100}s`;
  const seconds = Math.ceil(whole / 1000);
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
