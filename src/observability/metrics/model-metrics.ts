import type { ErrorKind } from '../../common/error-kind';
import type { RunTimes, RequestTimes } from '../../common/run-times';
import type { Trace } from '../../common/trace';
import { Distribution } from './distribution';
import { ModelStatistics } from './model-statistics';
import { TargetCounts } from './target-counts';
import { TokenCounts } from './token-counts';

/** How a request ended. */
export type RequestOutcome = 'success' | ErrorKind;

/** Upper bounds of the buckets of latency histograms, in seconds. */
export const SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** The counters and histograms of one model version. */
export class ModelMetrics {
  readonly outcomes = new Map<RequestOutcome, number>();
  readonly flushes = new Map<string, number>();
  readonly refusals = new Map<string, number>();
  readonly checks = new Map<string, number>();
  /** Requests that it got because another model failed, by that model. */
  readonly fallbacks = new Map<string, number>();
  rows = 0;
  executions = 0;
  paddingRows = 0;
  paddingBytes = 0;
  tokens = 0;
  paddingTokens = 0;
  /** By priority level, the number of requests that started and their total waiting time in seconds. */
  readonly waits = new Map<number, { requests: number; seconds: number }>();
  readonly batchRows = new Distribution(ROWS);
  readonly run = new Distribution(SECONDS);
  readonly decode = new Distribution(SECONDS);
  readonly queue = new Distribution(SECONDS);
  readonly encode = new Distribution(SECONDS);
  readonly total = new Distribution(SECONDS);
  readonly statistics = new ModelStatistics();
  readonly targets = new TargetCounts(SECONDS);
  /** Of requests that are forwarded to engines of the OpenAI API. */
  readonly forwarded = new TokenCounts();

  constructor(readonly labels: { readonly model: string; readonly version: string }) {}

  /** Counts a completed request. Its rows count only if it succeeded and was not a cache hit. */
  request(outcome: RequestOutcome, rows: number, times: RequestTimes, trace?: Trace): void {
    const { totalMs, decodeMs, queueMs, encodeMs } = times;
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    const isHit = times.cache?.outcome === 'hit';
    if (outcome === 'success' && !isHit) this.rows += rows;
    this.total.observe(totalMs / 1000, trace);
    if (decodeMs !== undefined) this.decode.observe(decodeMs / 1000);
    if (queueMs !== undefined && !isHit) this.queue.observe(queueMs / 1000);
    if (encodeMs !== undefined) this.encode.observe(encodeMs / 1000);
    this.statistics.request(outcome === 'success', times);
  }

  /** Counts a request that started to run. Level 0, of models without priorities, is not counted. */
  started(priority: number, waitedMs: number): void {
    if (priority === 0) return;
    let wait = this.waits.get(priority);
    if (wait === undefined) this.waits.set(priority, (wait = { requests: 0, seconds: 0 }));
    wait.requests++;
    wait.seconds += waitedMs / 1000;
  }

  /** Counts the bytes by which the inputs of a request were padded. */
  padded(bytes: number): void {
    this.paddingBytes += bytes;
  }

  /** Counts the tokens of a run of sequences, and those that padded them to the longest. */
  paddedTokens(tokens: number, padding: number): void {
    this.tokens += tokens;
    this.paddingTokens += padding;
  }

  /** Counts a batch that was taken from the queue. */
  flushed(reason: string): void {
    this.flushes.set(reason, (this.flushes.get(reason) ?? 0) + 1);
  }

  /** Counts a request that was rejected on arrival or evicted from the queue. */
  refused(reason: string): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }

  /** Counts a request that it got because `model` could not answer. */
  tookOver(model: string): void {
    this.fallbacks.set(model, (this.fallbacks.get(model) ?? 0) + 1);
  }

  /** Counts a batch that was verified by running one of its rows again, alone. */
  checked(outcome: string): void {
    this.checks.set(outcome, (this.checks.get(outcome) ?? 0) + 1);
  }

  /** Counts a successful run of `rows` rows, plus `padding` rows added to reach an allowed batch size. */
  executed(rows: number, padding: number, times: RunTimes): void {
    this.executions += 1;
    this.paddingRows += padding;
    this.batchRows.observe(rows);
    this.run.observe(times.runMs / 1000);
    this.statistics.executed(rows, times);
  }
}
