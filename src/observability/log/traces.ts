import { Injectable } from '@nestjs/common';
import { Siblings, type Gathered } from '../../common/siblings';
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

  private readonly written: () => Promise<Gathered<ReadonlyMap<string, number>>>;

  constructor(
    private readonly log: Log,
    private readonly siblings: Siblings,
  ) {
    this.update = this.siblings.everywhere({
      name: 'trace settings',
      subject: ([model]) => ['trace', model ?? ''],
      decide: async (model: string | undefined, settings: Readonly<Record<string, unknown>>) => {
        const own = model === undefined || this.models.has(model) ? this.samplingOf(model).settings : {};
        const after = changed(own, settings);
        this.set(model, after);
        return [this.bodyOf(model, 0), [model, after]] as const;
      },
      adopt: ([model, settings]: readonly [string | undefined, Partial<TraceSettings>]) =>
        this.set(model, settings),
    });
    this.written = siblings.gather(
      'traces',
      () =>
        new Map([
          ['', this.global.written],
          ...Array.from(this.models, ([model, { written }]) => [model, written] as const),
        ]),
    );
  }

  /** The settings of `model`; without `model`, or if it has no settings, the global ones. */
  async current(model?: string): Promise<TraceSettingsBody> {
    const { values } = await this.written();
    const key = model !== undefined && this.models.has(model) ? model : '';
    return this.bodyOf(
      model,
      values.reduce((sum, written) => sum + (written.get(key) ?? 0), 0),
    );
  }

  /** @param written number of traces that all processes have written since the settings were set. */
  private bodyOf(model: string | undefined, written: number): TraceSettingsBody {
    const { level, rate, count: all } = this.settingsOf(this.samplingOf(model));
    const count = all > 0 ? Math.max(0, all - written) : all;
    return {
      trace_file: '',
      trace_level: [level],
      trace_rate: String(rate),
      trace_count: String(count),
      log_frequency: '0',
      trace_mode: 'triton',
    };
  }

  /** Changes the settings of `model`, or the global ones, in all gateway processes, and returns them; see {@link changed}. */
  readonly update: (
    model: string | undefined,
    settings: Readonly<Record<string, unknown>>,
  ) => Promise<TraceSettingsBody>;

  private set(model: string | undefined, settings: Partial<TraceSettings>): void {
    const after: Sampling = { settings, seen: 0, written: 0 };
    if (model === undefined) Object.assign(this.global, after);
    else if (Object.keys(after.settings).length === 0) this.models.delete(model);
    else this.models.set(model, after);
    this.active = [this.global, ...this.models.values()].some(
      (each) => this.effective(each).level === 'TIMESTAMPS',
    );
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

  private settingsOf({ settings }: Sampling): TraceSettings {
    return { ...DEFAULT_TRACE, ...this.global.settings, ...settings };
  }

  /** The settings with the number of traces that this process may still write. */
  private effective(sampling: Sampling): TraceSettings {
    const all = this.settingsOf(sampling);
    if (all.count <= 0) return all;
    const { count, index } = this.siblings;
    const share = Math.floor(all.count / count) + Number(index < all.count % count);
    return { ...all, count: Math.max(0, share - sampling.written) };
  }
}

/** A string, because a double cannot hold nanoseconds since 1970 exactly. */
function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1000)}000`;
}
