import type { Measurement } from '../measure';
import type { Candidate } from './candidates';

/** A load of one candidate in one round. */
export interface Round {
  readonly measurement: Measurement;
  /** Cores that the gateway and its runners used. Undefined where the system does not report it. */
  readonly cpuCores: number | undefined;
  /** Resident memory of the runners, in bytes. */
  readonly memoryBytes: number | undefined;
}

/** A candidate and its rounds, the first of which selects the candidates that have more. */
export interface Entry {
  /** Undefined for the model as it is. */
  readonly candidate: Candidate | undefined;
  /** The settings that it has, those that it does not change included. */
  settings?: Required<Candidate>;
  /** The best load of each round that it has run. */
  readonly rounds: Round[];
  /** Why it cannot be measured. */
  failure?: string;
}

/** Candidates that have more than one round, beside the model as it is. */
const FINALISTS = 4;

/**
 * The best of `loads`: the one with most rows per second whose 99th percentile is at most `p99`. If none is that fast, the one
 * with the smallest.
 */
export function bestOf(loads: readonly Round[], p99: number | undefined): Round {
  const kept = loads.filter((round) => keeps(round, p99));
  const p99Of = ({ measurement: { window } }: Round) =>
    window.count === 0 ? Infinity : window.percentile(99);
  return kept.length > 0
    ? kept.reduce((best, round) => (rateOf(round) > rateOf(best) ? round : best))
    : loads.reduce((best, round) => (p99Of(round) < p99Of(best) ? round : best));
}

/** Whether the 99th percentile of `round` is at most `p99`, if there is such an objective. */
export function keeps({ measurement: { window } }: Round, p99: number | undefined): boolean {
  return window.count > 0 && (p99 === undefined || window.percentile(99) <= p99);
}

/** Rows per second. */
export function rateOf({ measurement: { window, rowsPerRequest } }: Round): number {
  return window.rate * rowsPerRequest;
}

/** What counts of a round: the rows per second, or 0 if it misses the objective. */
function scoreOf(round: Round, p99: number | undefined): number {
  return keeps(round, p99) ? rateOf(round) : 0;
}

/** The rounds of `entry` that decide: those after the first, which has selected it, or the first if there is no other. */
function deciding({ rounds }: Entry): readonly Round[] {
  return rounds.length > 1 ? rounds.slice(1) : rounds;
}

/** The deciding round with the median score, the lower of two; undefined without rounds. */
export function medianRound(entry: Entry, p99: number | undefined): Round | undefined {
  const ordered = deciding(entry).toSorted((one, other) => scoreOf(one, p99) - scoreOf(other, p99));
  return ordered[(ordered.length - 1) >> 1];
}

/** The median score of the deciding rounds; 0 without rounds. */
export function scoreOfEntry(entry: Entry, p99: number | undefined): number {
  const round = medianRound(entry, p99);
  return round === undefined ? 0 : scoreOf(round, p99);
}

/** The entries for the further rounds: the model as it is, and the best of the first round. */
export function finalistsOf(entries: readonly Entry[], p99: number | undefined): Entry[] {
  const measured = entries.filter(({ rounds }) => rounds.length > 0);
  const best = measured
    .filter(({ candidate }) => candidate !== undefined)
    .toSorted((one, other) => scoreOfEntry(other, p99) - scoreOfEntry(one, p99));
  return [...measured.filter(({ candidate }) => candidate === undefined), ...best.slice(0, FINALISTS)];
}

/** What a sweep has found. */
export interface Comparison {
  readonly best: Entry;
  readonly current: Entry;
  /** Gain in throughput over the current settings, as a ratio: 1.2 is 20 % more. Infinity if these miss the objective. */
  readonly gain: number;
  /** The largest difference between rounds of the same settings, as a ratio: 1.05 is 5 %. */
  readonly noise: number;
  /** Whether every deciding round of the best was better than every one of the current settings. */
  readonly isClear: boolean;
  /** Whether the best keeps the objective. */
  readonly keepsObjective: boolean;
}

/** Compares the finalists. Undefined before the current settings and others have more than one round. */
export function comparisonOf(entries: readonly Entry[], p99: number | undefined): Comparison | undefined {
  const finalists = entries.filter(({ rounds }) => rounds.length > 1);
  const current = finalists.find(({ candidate }) => candidate === undefined);
  const others = finalists.filter((entry) => entry !== current);
  if (current === undefined || others.length === 0) return undefined;
  const best = others.reduce((one, other) =>
    scoreOfEntry(other, p99) > scoreOfEntry(one, p99) ? other : one,
  );
  const scores = (entry: Entry) => deciding(entry).map((round) => scoreOf(round, p99));
  const ratio = (entry: Entry) => {
    const kept = scores(entry).filter((score) => score > 0);
    return kept.length === 0 ? 1 : Math.max(...kept) / Math.min(...kept);
  };
  const currentScore = scoreOfEntry(current, p99);
  const bestScore = scoreOfEntry(best, p99);
  return {
    best,
    current,
    gain: currentScore === 0 ? (bestScore === 0 ? 1 : Infinity) : bestScore / currentScore,
    noise: Math.max(ratio(best), ratio(current)),
    isClear: deciding(best).length > 1 && Math.min(...scores(best)) > Math.max(...scores(current)),
    keepsObjective: bestScore > 0,
  };
}
