import { Injectable } from '@nestjs/common';
import { Log } from './log';
import type { RequestTimes } from '../../common/run-times';
import type { TraceSettingsBody } from './trace-settings.schema';
import { changed, DEFAULT_TRACE, type TraceSettings } from './trace-settings';

/** A request to trace. */
export interface TracedRequest {
  readonly requestId: string | undefined;
  readonly model: string;
  readonly version: string;
  /** Start on the `performance.now()` clock. */
  readonly started: number;
  readonly times: Required<Omit<RequestTimes, 'cache'>>;
}

/** Trace settings, and the number of requests seen and traces written since they were set. */
interface Sampling {
  settings: Partial<TraceSettings>;
  seen: number;
  written: number;
}

/**
 * Traces of the trace extension. A trace is a log line with the timestamps of one request, in nanoseconds since 1970
 * and under Triton's names.
 */
@Injectable()
export class Traces {
  /** Whether tracing is on for any model. */
  active = false;
  private readonly global: Sampling = { settings: {}, seen: 0, written: 0 };
  private readonly models = new Map<string, Sampling>();

  constructor(private readonly log: Log) {}

  /** The settings of `model`; without `model`, or if it has no settings, the global ones. */
  current(model?: string): TraceSettingsBody {
    const { level, rate, count } = this.effective(this.samplingOf(model));
    return {
      trace_file: '',
      trace_level: [level],
      trace_rate: String(rate),
      trace_count: String(count),
      log_frequency: '0',
      trace_mode: 'triton',
    };
  }

  /** Changes the settings of `model`, or the global ones, and returns them; see {@link changed}. */
  update(model: string | undefined, settings: Readonly<Record<string, unknown>>): TraceSettingsBody {
    const sampling = { ...this.samplingOf(model) };
    const own = model === undefined || this.models.has(model) ? sampling.settings : {};
    const after: Sampling = { settings: changed(own, settings), seen: 0, written: 0 };
    if (model === undefined) Object.assign(this.global, after);
    else if (Object.keys(after.settings).length === 0) this.models.delete(model);
    else this.models.set(model, after);
    this.active = [this.global, ...this.models.values()].some(
      (each) => this.effective(each).level === 'TIMESTAMPS',
    );
    return this.current(model);
  }

  /** Counts a request to `model` and returns whether to trace it. */
  sample(model: string): boolean {
    const sampling = this.samplingOf(model);
    const { level, rate, count } = this.effective(sampling);
    if (level === 'OFF' || count === 0 || sampling.seen++ % rate !== 0) return false;
    sampling.written += 1;
    return true;
  }

  /** Writes the trace of a request that succeeded. */
  write({ requestId, model, version, started, times }: TracedRequest): void {
    const start = performance.timeOrigin + started;
    const queued = start + times.decodeMs;
    const computing = queued + times.queueMs;
    const running = computing + times.inputMs;
    const ran = running + times.runMs;
    const timestamps = {
      REQUEST_START: nanoseconds(start),
      QUEUE_START: nanoseconds(queued),
      COMPUTE_START: nanoseconds(computing),
      COMPUTE_INPUT_END: nanoseconds(running),
      COMPUTE_OUTPUT_START: nanoseconds(ran),
      COMPUTE_END: nanoseconds(ran + times.outputMs),
      REQUEST_END: nanoseconds(start + times.totalMs),
    };
    this.log.logger.info({ requestId, model, version, timestamps }, 'trace');
  }

  private samplingOf(model: string | undefined): Sampling {
    return (model === undefined ? undefined : this.models.get(model)) ?? this.global;
  }

  private effective({ settings, written }: Sampling): TraceSettings {
    const all = { ...DEFAULT_TRACE, ...this.global.settings, ...settings };
    return all.count > 0 ? { ...all, count: Math.max(0, all.count - written) } : all;
  }
}

/** A string, because a double cannot hold nanoseconds since 1970 exactly. */
function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1000)}000`;
}
