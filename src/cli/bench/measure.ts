import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayClient } from '../gateway-client';
import { plural } from '../numbers';
import { ClosedLoop, OpenLoop, realSchedule, type Load, type Timing } from './load';
import { Sender, type Payload } from './sender';
import { ServerStatistics, type ServerSide } from './server-statistics';
import { isStable, STABLE_WINDOWS } from './stability';
import { Window } from './window';

/** Windows that are measured at most while they are not stable. */
const MOST_WINDOWS = 10;
/** Minimum length of a window, also as a multiple of the latency, so that it has enough requests. */
const SHORTEST_WINDOW_MS = 1000;
const LATENCIES_PER_WINDOW = 20;
const LONGEST_WINDOW_MS = 10_000;
/** How long requests in flight may take after a measurement, before their connections end. */
const PATIENCE_MS = 1000;
/** Connections of an open loop. Further requests wait for a free one, which counts as latency. */
const OPEN_CONNECTIONS = 512;

/** What to measure, and for how long. */
export interface MeasureSettings {
  readonly gateway: GatewayClient;
  readonly model: string;
  readonly payloads: readonly Payload[];
  readonly timing: Timing;
  /** Seconds whose requests do not count. */
  readonly warmUp: number;
  /** Seconds to measure. If undefined, until three windows agree. */
  readonly duration?: number | undefined;
  /** Ends the measurement early. */
  readonly signal: AbortSignal;
  /** Called about twice a second with what is known so far. */
  readonly onProgress: (text: string) => void;
}

/** The result of one measurement. */
export interface Measurement {
  readonly timing: Timing;
  readonly window: Window;
  readonly rowsPerRequest: number;
  /** Whether the last windows agree. Undefined for a fixed duration. */
  readonly stable: boolean | undefined;
  /** Undefined where the gateway does not say. */
  readonly server: ServerSide | undefined;
  /** Share of time that the event loop of the generator was busy, from 0 to 1. */
  readonly busy: number;
  /** Share of time that the generator was ready to run, but other processes had the CPUs, from 0 to 1. */
  readonly starved: number;
  /** 99th percentile of how late the generator sent requests of an open loop, in milliseconds. */
  readonly lagMs: number;
}

/**
 * Sends the load and measures it. An abort ends it early, with what was measured until then.
 * @throws Error if the first request fails, with the message of the gateway.
 */
export async function measure(settings: MeasureSettings): Promise<Measurement> {
  const { gateway, payloads, timing } = settings;
  const connections = timing.mode === 'closed' ? timing.concurrency : OPEN_CONNECTIONS;
  const sender = new Sender(gateway.url, gateway.headers, connections);
  try {
    const start = performance.now();
    await sender.probe(payloads[0]!);
    return await run(settings, sender, performance.now() - start);
  } finally {
    await sender.close();
  }
}

async function run(settings: MeasureSettings, sender: Sender, probeMs: number): Promise<Measurement> {
  const { gateway, model, payloads, timing, warmUp, duration, signal } = settings;
  const failure = new AbortController();
  const stopped = AbortSignal.any([signal, failure.signal]);
  const load = startLoad(timing, sender, payloads, (error) => failure.abort(error));
  try {
    await load.started;
    await show(settings, load, warmUp * 1000, stopped, () => 'warm-up');
    load.cut();
    if (load instanceof OpenLoop) load.resetLag();
    const statistics = new ServerStatistics(gateway, model);
    await statistics.read();
    const before = performance.eventLoopUtilization();
    const cpuBefore = process.cpuUsage();
    const since = performance.now();
    const windows: Window[] = [];
    const length =
      duration === undefined
        ? Math.min(LONGEST_WINDOW_MS, Math.max(SHORTEST_WINDOW_MS, LATENCIES_PER_WINDOW * probeMs))
        : duration * 1000;
    const count = duration === undefined ? MOST_WINDOWS : 1;
    while (windows.length < count && !stopped.aborted && !isStable(windows)) {
      await show(settings, load, length, stopped, () => doing(windows, duration));
      windows.push(load.cut());
    }
    if (failure.signal.aborted) throw failure.signal.reason;
    const busy = performance.eventLoopUtilization(before).utilization;
    const cpu = process.cpuUsage(cpuBefore);
    const cpuShare = (cpu.user + cpu.system) / 1000 / (performance.now() - since);
    return {
      timing,
      window: (isStable(windows) ? windows.slice(-STABLE_WINDOWS) : windows).reduce(
        (all, window) => all.add(window),
        new Window(),
      ),
      rowsPerRequest: payloads.reduce((sum, { rows }) => sum + rows, 0) / payloads.length,
      stable: duration === undefined ? isStable(windows) : undefined,
      server: await statistics.read(),
      busy,
      starved: Math.max(0, busy - cpuShare),
      lagMs: load instanceof OpenLoop ? load.lagMs : 0,
    };
  } finally {
    await load.stop(PATIENCE_MS);
  }
}

function startLoad(
  timing: Timing,
  sender: Sender,
  payloads: readonly Payload[],
  onError: (error: Error) => void,
): Load {
  const send = sender.send.bind(sender);
  return timing.mode === 'closed'
    ? new ClosedLoop(send, payloads).start(timing.concurrency)
    : new OpenLoop(send, payloads).start(realSchedule(timing.rate), onError);
}

function doing(windows: readonly Window[], duration: number | undefined): string {
  return duration === undefined
    ? `window ${windows.length + 1}, until three agree`
    : `measuring ${duration} s`;
}

/** Waits, and shows the progress twice a second. Ends early if `signal` aborts. */
async function show(
  { timing, onProgress }: MeasureSettings,
  load: Load,
  ms: number,
  signal: AbortSignal,
  text: () => string,
): Promise<void> {
  const report = () =>
    onProgress(`${describeTiming(timing)}: ${text()}, ${Math.round(load.rate)} requests/s`);
  report();
  const timer = setInterval(report, 500);
  await delay(ms, undefined, { signal }).catch(() => {});
  clearInterval(timer);
}

/** The load in words, such as `8 clients`. */
export function describeTiming(timing: Timing): string {
  if (timing.mode === 'open') return `${timing.rate} requests/s`;
  return plural(timing.concurrency, 'client');
}
