import { rounded } from '../../common/rounded';
import { paint } from '../colours';
import { figure } from '../numbers';
import { table } from '../table';
import type { Timing } from './load';
import { describeTiming, type Measurement } from './measure';
import { PERCENTILES } from './window';

/** Share of time above which the event loop of the generator slows the load down. */
const BUSY = 0.85;
/** Share of time without a CPU above which the generator measures the machine rather than the gateway. */
const STARVED = 0.1;
/** How late the generator may send requests, as a share of the median latency, and in any case. */
const LATE_SHARE = 0.2;
const LATE_MS = 0.5;
/** Share of responses from the cache above which a result says little about the model. */
const CACHED = 0.01;

/** Measurements of one model, for `--json`. */
export interface BenchReport {
  readonly model: string;
  readonly url: string;
  readonly requests: string;
  readonly results: readonly ReportedResult[];
  readonly warnings: readonly string[];
}

/** One measurement, for `--json`. Times are in milliseconds. */
export interface ReportedResult {
  readonly mode: Timing['mode'];
  /** Clients of a closed loop. */
  readonly concurrency?: number;
  /** Scheduled requests per second of an open loop. */
  readonly rate?: number;
  readonly seconds: number;
  readonly stable?: boolean;
  readonly requests: number;
  readonly requests_per_s: number;
  readonly rows_per_s: number;
  readonly latency_ms: Readonly<Record<string, number>>;
  readonly errors: readonly { status: string; count: number; example: string }[];
  readonly server?: { queue_ms: number; run_ms: number; rows_per_run: number; cache_hits: number };
  readonly generator: { busy: number; starved: number; late_p99_ms: number };
}

/** The report of `measurements` for machines. */
export function reportOf(
  model: string,
  url: string,
  requests: string,
  measurements: readonly Measurement[],
): BenchReport {
  return { model, url, requests, results: measurements.map(resultOf), warnings: warningsOf(measurements) };
}

/** The report of `measurements` for people. */
export function textOf(
  { model, url, requests, warnings }: BenchReport,
  measurements: readonly Measurement[],
): string {
  const lines = [`${paint('heading', model)} at ${url}: ${requests}`, ''];
  if (measurements.length > 0) lines.push(tableOf(measurements));
  else lines.push('Nothing was measured.');
  const failures = measurements.flatMap(({ timing, window }) =>
    [...window.failures].map(
      ([status, { count, example }]) =>
        `${paint('bad', 'error')}: ${describeTiming(timing)}: ${count} failed with ${status}: ${example}`,
    ),
  );
  const remarks = [...failures, ...warnings.map((warning) => `${paint('warning', 'warning')}: ${warning}`)];
  if (remarks.length > 0) lines.push('', ...remarks);
  return lines.join('\n');
}

function tableOf(measurements: readonly Measurement[]): string {
  const isOpen = measurements[0]!.timing.mode === 'open';
  const header = [
    isOpen ? 'scheduled/s' : 'clients',
    'requests/s',
    'rows/s',
    ...PERCENTILES.map((percent) => `p${percent} ms`),
    'queue ms',
    'run ms',
    'rows/run',
    'errors',
  ];
  const rows = measurements.map(({ timing, window, rowsPerRequest, server }) => [
    String(timing.mode === 'open' ? timing.rate : timing.concurrency),
    figure(window.rate),
    figure(window.rate * rowsPerRequest),
    ...PERCENTILES.map((percent) => figure(window.percentile(percent))),
    server === undefined ? '-' : figure(server.queueMs),
    server === undefined ? '-' : figure(server.runMs),
    server === undefined ? '-' : figure(server.rowsPerRun),
    window.failedCount === 0 ? '0' : paint('bad', String(window.failedCount)),
  ]);
  return table(header, rows, { right: header.map((_, column) => column) });
}

/** One measurement for machines. */
export function resultOf({
  timing,
  window,
  rowsPerRequest,
  stable,
  server,
  busy,
  starved,
  lagMs,
}: Measurement): ReportedResult {
  const { mode, ...load } = timing;
  return {
    mode,
    ...load,
    seconds: rounded(window.ms / 1000),
    ...(stable === undefined ? {} : { stable }),
    requests: window.count,
    requests_per_s: rounded(window.rate),
    rows_per_s: rounded(window.rate * rowsPerRequest),
    latency_ms: {
      mean: rounded(window.mean),
      ...Object.fromEntries(PERCENTILES.map((percent) => [`p${percent}`, window.percentile(percent)])),
      max: window.percentile(100),
    },
    errors: [...window.failures].map(([status, { count, example }]) => ({ status, count, example })),
    ...(server === undefined
      ? {}
      : {
          server: {
            queue_ms: rounded(server.queueMs),
            run_ms: rounded(server.runMs),
            rows_per_run: rounded(server.rowsPerRun),
            cache_hits: rounded(server.cacheHits),
          },
        }),
    generator: { busy: rounded(busy), starved: rounded(starved), late_p99_ms: lagMs },
  };
}

/** Reasons to distrust the figures. */
function warningsOf(measurements: readonly Measurement[]): string[] {
  return measurements.flatMap(({ timing, window, stable, server, busy, starved, lagMs }) => {
    const load = describeTiming(timing);
    const late = lagMs > LATE_MS && lagMs > window.percentile(50) * LATE_SHARE;
    return [
      stable === false ? `${load}: not stable; the last three windows differ by more than 10 %` : '',
      ...generatorWarnings(timing.mode === 'closed' ? busy : 0, starved).map((text) => `${load}: ${text}`),
      late
        ? `${load}: the load generator sent 1 % of the requests more than ${figure(lagMs)} ms late, which counts as latency`
        : '',
      (server?.cacheHits ?? 0) > CACHED
        ? `${load}: the response cache answered ${Math.round(server!.cacheHits * 100)} % of the requests; turn cache off to measure the model`
        : '',
      window.failures.has('429')
        ? `${load}: the gateway rejected requests; raise its limits, such as NEXUS_RATE_LIMIT, or send fewer`
        : '',
    ].filter((text) => text !== '');
  });
}

/** What is wrong with a generator that was busy and starved for these shares of time, from 0 to 1. */
export function generatorWarnings(busy: number, starved: number): string[] {
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  if (starved > STARVED)
    return [
      `the load generator waited for a CPU ${percent(starved)} of the time; an idle machine gives better figures`,
    ];
  if (busy > BUSY)
    return [
      `the load generator was busy ${percent(busy)} of the time, so the gateway may be faster; run several, on other machines`,
    ];
  return [];
}
