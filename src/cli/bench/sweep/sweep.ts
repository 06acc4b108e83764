import type { ModelDetails } from '../../../rest/models/models.dto';
import type { VersionDetails } from '../../../rest/models/version-details.dto';
import { loadedVersion } from '../../loaded-version';
import type { Timing } from '../load';
import { measure } from '../measure';
import type { Payload } from '../sender';
import type { Candidate } from './candidates';
import type { PrivateGateway } from './private-gateway';
import type { PrivateRepository } from './private-repository';
import { cpuBetween, cpuTimes } from './process-tree';
import { bestOf, finalistsOf, type Entry, type Round } from './rounds';

/** Rounds of the finalists, beside the first, which selects them. */
const FINAL_ROUNDS = 4;

/** What a sweep measures. */
export interface SweepSettings {
  readonly model: string;
  readonly gateway: PrivateGateway;
  readonly repository: PrivateRepository;
  readonly payloads: readonly Payload[];
  readonly timings: readonly Timing[];
  /** Seconds of each load. */
  readonly duration: number;
  readonly warmUp: number;
  /** The most that the 99th percentile may be, in milliseconds. */
  readonly p99: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/** Loads the model with the settings of `candidate`, and returns what the gateway knows about it. @throws CommandError */
export async function reload(
  { model, gateway: { client }, repository }: Pick<SweepSettings, 'model' | 'gateway' | 'repository'>,
  candidate: Candidate,
): Promise<ModelDetails> {
  const name = encodeURIComponent(model);
  await repository.configure(candidate);
  await client.post(`/v2/repository/models/${name}/load`);
  return client.get<ModelDetails>(`/v1/models/${name}`);
}

/**
 * Measures the model as it is and with each of `candidates`, then the best of them several times. The order of the candidates
 * alternates, so that what slows the machine down for a while does not hit the same ones. An abort ends it early.
 */
export async function sweep(settings: SweepSettings, candidates: readonly Candidate[]): Promise<Entry[]> {
  const entries: Entry[] = [undefined, ...candidates].map((candidate) => ({ candidate, rounds: [] }));
  const started = performance.now();
  let done = 0;
  const planned = entries.length + FINAL_ROUNDS * Math.min(entries.length, 5);
  const run = async (entry: Entry, phase: string) => {
    const left =
      done === 0 ? '' : `, ${remaining(((performance.now() - started) / done) * (planned - done))} left`;
    await runRound(settings, entry, (text) =>
      settings.onProgress(`${phase}${left}: ${describeCandidate(entry.candidate)}: ${text}`),
    );
    done++;
  };
  for (const [index, entry] of entries.entries()) {
    if (settings.signal.aborted) return entries;
    await run(entry, `${index + 1} of ${entries.length}`);
  }
  const finalists = finalistsOf(entries, settings.p99);
  if (finalists.length < 2) return entries;
  for (let round = 1; round <= FINAL_ROUNDS; round++)
    for (const entry of round % 2 === 0 ? finalists.toReversed() : finalists) {
      if (settings.signal.aborted) return entries;
      await run(entry, `round ${round} of ${FINAL_ROUNDS}`);
    }
  return entries;
}

async function runRound(
  settings: SweepSettings,
  entry: Entry,
  onProgress: (text: string) => void,
): Promise<void> {
  const { model, gateway, payloads, timings, duration, warmUp, p99, signal } = settings;
  try {
    onProgress('loading');
    const version = loadedVersion(await reload(settings, entry.candidate ?? {}));
    entry.settings ??= settingsOf(version);
    const loads: Round[] = [];
    for (const timing of timings) {
      if (signal.aborted) break;
      const start = await moment(gateway.pid);
      const measurement = await measure({
        gateway: gateway.client,
        model,
        payloads,
        timing,
        warmUp,
        duration,
        signal,
        onProgress,
      });
      const end = await moment(gateway.pid);
      const details = loadedVersion(
        await gateway.client.get<ModelDetails>(`/v1/models/${encodeURIComponent(model)}`),
      );
      loads.push({
        measurement,
        cpuCores: coresBetween(start, end),
        memoryBytes: details?.memory?.resident_bytes,
      });
    }
    // A round that was cut short says less than the others.
    if (!signal.aborted && loads.length > 0) entry.rounds.push(bestOf(loads, p99));
  } catch (error) {
    entry.failure = (error as Error).message;
  }
}

interface Moment {
  readonly ms: number;
  readonly cpu: ReadonlyMap<number, number>;
}

async function moment(pid: number): Promise<Moment> {
  return { ms: performance.now(), cpu: await cpuTimes(pid) };
}

function coresBetween(start: Moment, end: Moment): number | undefined {
  const seconds = cpuBetween(start.cpu, end.cpu);
  return seconds === undefined ? undefined : seconds / ((end.ms - start.ms) / 1000);
}

function settingsOf(version: VersionDetails | undefined): Required<Candidate> {
  return {
    instances: version?.instances ?? 0,
    threads: version?.threads ?? 0,
    max_batch_rows: version?.batching?.max_batch_rows ?? 1,
  };
}

function describeCandidate(candidate: Candidate | undefined): string {
  if (candidate === undefined) return 'current settings';
  return Object.entries(candidate)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}

/** A duration in words, such as `40 s` or `3 min`. */
function remaining(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
