import { rounded } from '../../../common/rounded';
import { paint } from '../../colours';
import { figure } from '../../numbers';
import { table } from '../../table';
import { describeTiming } from '../measure';
import { generatorWarnings, resultOf, type ReportedResult } from '../report';
import type { Candidate } from './candidates';
import { comparisonOf, medianRound, scoreOfEntry, type Comparison, type Entry } from './rounds';

const MIB = 1024 * 1024;

/** What a sweep was about. */
export interface SweepHead {
  readonly model: string;
  readonly requests: string;
  /** The most that the 99th percentile may be, in milliseconds. */
  readonly p99: number | undefined;
}

/** The results of a sweep for `--json`. */
export interface SweepReport {
  readonly model: string;
  readonly requests: string;
  readonly p99_ms?: number;
  readonly candidates: readonly {
    readonly current: boolean;
    readonly settings?: Candidate;
    readonly failure?: string;
    readonly rounds: readonly (ReportedResult & { cpu_cores?: number; memory_bytes?: number })[];
  }[];
  /** Absent if the sweep ended before the candidates could be compared. */
  readonly recommendation?: {
    /** Whether to change the settings: they are faster by more than the noise. */
    readonly change: boolean;
    readonly settings: Candidate;
    /** Throughput divided by that of the current settings. Absent if these miss the objective. */
    readonly gain?: number;
    /** Largest difference between rounds of the same settings, as a ratio. */
    readonly noise: number;
    readonly keeps_p99: boolean;
  };
}

/** The report of `entries` for machines. */
export function sweepReportOf({ model, requests, p99 }: SweepHead, entries: readonly Entry[]): SweepReport {
  const comparison = comparisonOf(entries, p99);
  return {
    model,
    requests,
    ...(p99 === undefined ? {} : { p99_ms: p99 }),
    candidates: entries.map(({ candidate, settings, failure, rounds }) => ({
      current: candidate === undefined,
      ...((settings ?? candidate) === undefined ? {} : { settings: settings ?? candidate! }),
      ...(failure === undefined ? {} : { failure }),
      rounds: rounds.map(({ measurement, cpuCores, memoryBytes }) => ({
        ...resultOf(measurement),
        ...(cpuCores === undefined ? {} : { cpu_cores: rounded(cpuCores) }),
        ...(memoryBytes === undefined ? {} : { memory_bytes: memoryBytes }),
      })),
    })),
    ...(comparison === undefined
      ? {}
      : {
          recommendation: {
            change: isWorthIt(comparison),
            settings: comparison.best.candidate!,
            ...(Number.isFinite(comparison.gain) ? { gain: rounded(comparison.gain) } : {}),
            noise: rounded(comparison.noise),
            keeps_p99: comparison.keepsObjective,
          },
        }),
  };
}

/** The report of `entries` for people. */
export function sweepTextOf({ model, requests, p99 }: SweepHead, entries: readonly Entry[]): string {
  const lines = [
    `${paint('heading', model)}: ${requests}${p99 === undefined ? '' : `, p99 at most ${p99} ms`}`,
    '',
    tableOf(entries, p99),
  ];
  const failed = entries.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0)
    lines.push('', ...failed.map((entry) => `${paint('bad', 'error')}: ${nameOf(entry)}: ${entry.failure}`));
  const warnings = warningsOf(entries);
  if (warnings.length > 0)
    lines.push('', ...warnings.map((warning) => `${paint('warning', 'warning')}: ${warning}`));
  lines.push('', ...recommendation(comparisonOf(entries, p99), p99));
  return lines.join('\n');
}

/** What was wrong with the load generator in most rounds. */
function warningsOf(entries: readonly Entry[]): string[] {
  const rounds = entries.flatMap((entry) => entry.rounds);
  const middle = (values: readonly number[]) =>
    values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
  return generatorWarnings(
    middle(rounds.map(({ measurement }) => measurement.busy)),
    middle(rounds.map(({ measurement }) => measurement.starved)),
  );
}

function tableOf(entries: readonly Entry[], p99: number | undefined): string {
  const header = [
    '',
    'instances',
    'threads',
    'max_batch_rows',
    'load',
    'rows/s',
    'p50 ms',
    'p99 ms',
    'rows/run',
    'CPU cores',
    'memory MiB',
    'rounds',
  ];
  const measured = entries
    .filter(({ rounds }) => rounds.length > 0)
    .toSorted((one, other) => scoreOfEntry(other, p99) - scoreOfEntry(one, p99));
  return table(
    header,
    measured.map((entry) => rowOf(entry, p99)),
    { right: header.map((_, column) => column).filter((column) => column > 0 && header[column] !== 'load') },
  );
}

function rowOf(entry: Entry, p99: number | undefined): string[] {
  const { candidate, settings, rounds } = entry;
  const { measurement, cpuCores, memoryBytes } = medianRound(entry, p99)!;
  const { timing, window, server } = measurement;
  const orDash = (value: number | undefined) => (value === undefined ? '-' : figure(value));
  const slowest = figure(window.percentile(99));
  return [
    candidate === undefined ? paint('heading', 'current') : '',
    String(settings?.instances ?? '-'),
    String(settings?.threads ?? '-'),
    String(settings?.max_batch_rows ?? '-'),
    describeTiming(timing),
    figure(window.rate * measurement.rowsPerRequest),
    figure(window.percentile(50)),
    p99 !== undefined && window.percentile(99) > p99 ? paint('bad', slowest) : slowest,
    orDash(server?.rowsPerRun),
    orDash(cpuCores),
    orDash(memoryBytes === undefined ? undefined : memoryBytes / MIB),
    String(rounds.length),
  ];
}

function recommendation(comparison: Comparison | undefined, p99: number | undefined): string[] {
  if (comparison === undefined) return ['Not enough rounds to compare the settings.'];
  const { best, gain, noise } = comparison;
  if (!comparison.keepsObjective)
    return [
      `No settings keep the 99th percentile at or below ${p99} ms. Try fewer clients, or fewer rows per request.`,
    ];
  const percent = (ratio: number) => `${Math.abs(Math.round((ratio - 1) * 100))} %`;
  if (!isWorthIt(comparison))
    return [
      gain < 1
        ? `Keep the current settings: the best others have ${percent(gain)} less throughput.`
        : `Keep the current settings: ${nameOf(best)} gains ${percent(gain)}, which is within the noise (rounds differ by up to ${percent(noise)}).`,
    ];
  const gained = Number.isFinite(gain)
    ? `${percent(gain)} more throughput than the current settings`
    : `the current settings miss ${p99} ms`;
  return [
    `${paint('good', 'Recommended')} for model.yaml: ${gained}. Rounds differ by up to ${percent(noise)}.`,
    '',
    ...Object.entries(best.candidate!).map(([key, value]) => `  ${key}: ${value}`),
  ];
}

/** Whether the best settings are faster by more than the noise. */
function isWorthIt({ isClear, gain }: Comparison): boolean {
  return isClear && gain > 1;
}

function nameOf({ candidate = {} }: Entry): string {
  const names = Object.entries(candidate).map(([key, value]) => `${key} ${value}`);
  return names.length === 0 ? 'the current settings' : names.join(', ');
}
