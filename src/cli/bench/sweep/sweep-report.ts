import { paint } from '../../colours';
import { table } from '../../table';
import { describeTiming } from '../measure';
import { figure, resultOf, thousandths, type ReportedResult } from '../report';
import { median } from '../stability';
import type { Candidate } from './candidates';
import { deciding, keeps, rateOf, scoreOfEntry, comparisonOf, type Entry, type Comparison } from './rounds';

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
    readonly present: boolean;
    readonly settings?: Candidate;
    readonly failure?: string;
    readonly rounds: readonly (ReportedResult & { cpu_cores?: number; memory_bytes?: number })[];
  }[];
  /** Absent if the sweep ended before the candidates could be compared. */
  readonly recommendation?: {
    /** Whether to change the settings: they are faster by more than the noise. */
    readonly change: boolean;
    readonly settings: Candidate;
    /** Throughput divided by that of the present settings. Absent if these miss the objective. */
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
      present: candidate === undefined,
      ...((settings ?? candidate) === undefined ? {} : { settings: settings ?? candidate! }),
      ...(failure === undefined ? {} : { failure }),
      rounds: rounds.map(({ measurement, cpuCores, memoryBytes }) => ({
        ...resultOf(measurement),
        ...(cpuCores === undefined ? {} : { cpu_cores: thousandths(cpuCores) }),
        ...(memoryBytes === undefined ? {} : { memory_bytes: memoryBytes }),
      })),
    })),
    ...(comparison === undefined
      ? {}
      : {
          recommendation: {
            change: isWorthIt(comparison),
            settings: comparison.best.candidate!,
            ...(Number.isFinite(comparison.gain) ? { gain: thousandths(comparison.gain) } : {}),
            noise: thousandths(comparison.noise),
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
  lines.push('', ...recommendation(comparisonOf(entries, p99), p99));
  return lines.join('\n');
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
  const { candidate, settings } = entry;
  const rounds = deciding(entry);
  const last = rounds.at(-1)!;
  const of = (pick: (round: (typeof rounds)[number]) => number | undefined) => {
    const values = rounds.map(pick).filter((value) => value !== undefined);
    return values.length === 0 ? '-' : figure(median(values));
  };
  const slowest = of(({ measurement: { window } }) => window.percentile(99));
  return [
    candidate === undefined ? paint('heading', 'present') : '',
    String(settings?.instances ?? '-'),
    String(settings?.threads ?? '-'),
    String(settings?.max_batch_rows ?? '-'),
    describeTiming(last.measurement.timing),
    of(rateOf),
    of(({ measurement: { window } }) => window.percentile(50)),
    rounds.every((round) => keeps(round, p99)) ? slowest : paint('bad', slowest),
    of(({ measurement: { server } }) => server?.rowsPerRun),
    of(({ cpuCores }) => cpuCores),
    of(({ memoryBytes }) => (memoryBytes === undefined ? undefined : memoryBytes / MIB)),
    String(entry.rounds.length),
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
        ? `Keep the present settings: the best others have ${percent(gain)} less throughput.`
        : `Keep the present settings: ${nameOf(best)} gains ${percent(gain)}, which is within the noise (rounds differ by up to ${percent(noise)}).`,
    ];
  const gained = Number.isFinite(gain)
    ? `${percent(gain)} more throughput than the present settings`
    : `the present settings miss ${p99} ms`;
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
  return names.length === 0 ? 'the present settings' : names.join(', ');
}
