import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Metronome, monotonicMs } from './metronome';
import type { Ended, Payload } from './sender';
import { Window } from './window';

/** Sends a request, and calls back once it has ended. */
export type Send = (payload: Payload, ended: Ended) => void;

/** Requests in flight that an open loop keeps at most. Further ones fail unsent. */
export const MOST_IN_FLIGHT = 4096;

/** How long a client waits after a connection failed, so that it does not try thousands of times a second. */
const PAUSE_MS = 100;

/** Calls `onDue` with scheduled times, from the moment that it has started until it is stopped; see {@link Metronome}. */
export type Schedule = (
  onDue: (times: readonly number[]) => void,
  onError: (error: Error) => void,
) => { readonly started: Promise<void>; stop(): void };

/** How the requests of a load are timed. */
export type Timing =
  | { readonly mode: 'closed'; readonly concurrency: number }
  | { readonly mode: 'open'; readonly rate: number };

/** A source of requests that runs until it is stopped. Counts them by {@link cut}. */
export abstract class Load {
  private window = new Window();
  private since: number;
  private turn = 0;
  private inFlight = 0;
  private onIdle: (() => void) | undefined;
  protected stopped = false;

  /** @param payloads are sent in turn; at least one. */
  constructor(
    private readonly send: Send,
    private readonly payloads: readonly Payload[],
    protected readonly now: () => number = monotonicMs,
  ) {
    this.since = now();
  }

  /** Resolves when it sends requests. */
  get started(): Promise<void> {
    return Promise.resolve();
  }

  /** The requests that ended since the last cut, and begins a new window. */
  cut(): Window {
    const ended = this.window;
    const now = this.now();
    ended.ms = now - this.since;
    this.window = new Window();
    this.since = now;
    return ended;
  }

  /** Successful requests per second since the last cut. */
  get rate(): number {
    return (this.window.count / Math.max(1, this.now() - this.since)) * 1000;
  }

  /** Sends no more requests. Resolves when those in flight have ended, or after `patienceMs`. */
  async stop(patienceMs: number): Promise<void> {
    this.stopped = true;
    this.end();
    if (this.inFlight === 0) return;
    const idle = new Promise<void>((resolve) => (this.onIdle = resolve));
    const patience = new AbortController();
    await Promise.race([idle, delay(patienceMs, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
  }

  protected abstract end(): void;

  /** Sends the next request. Its latency counts from `start`. */
  protected sendOne(start: number, then?: (isConnected: boolean) => void): void {
    if (this.inFlight >= MOST_IN_FLIGHT) {
      this.window.failed('unsent', `${MOST_IN_FLIGHT} requests were in flight`);
      return;
    }
    const payload = this.payloads[this.turn]!;
    this.turn = (this.turn + 1) % this.payloads.length;
    this.inFlight++;
    this.send(payload, (status, message) => {
      this.inFlight--;
      if (status === undefined) this.window.succeeded(this.now() - start);
      else this.window.failed(status, message);
      then?.(status === undefined || /^\d+$/.test(status));
      if (this.inFlight === 0) this.onIdle?.();
    });
  }
}

/** Clients that each send a request when the last one has ended. A slow gateway receives fewer requests. */
export class ClosedLoop extends Load {
  /** Starts `concurrency` clients. */
  start(concurrency: number): this {
    for (let client = 0; client < concurrency; client++) this.next();
    return this;
  }

  protected end(): void {}

  private next(): void {
    if (this.stopped) return;
    this.sendOne(this.now(), (isConnected) => {
      if (isConnected) this.next();
      else setTimeout(() => this.next(), PAUSE_MS);
    });
  }
}

/**
 * Clients that send requests at scheduled times, whatever the gateway does. Latencies count from the scheduled time, so that a
 * gateway that stalls cannot hide the requests that it delayed (coordinated omission).
 */
export class OpenLoop extends Load {
  private schedule: ReturnType<Schedule> | undefined;
  /** How late the generator itself sent requests, in microseconds. */
  private readonly lags = createHistogram();

  /** Sends requests at the times of `schedule`. */
  start(schedule: Schedule, onError: (error: Error) => void): this {
    this.schedule = schedule((times) => {
      for (const time of times) {
        this.lags.record(Math.max(1, Math.round((this.now() - time) * 1000)));
        this.sendOne(time);
      }
    }, onError);
    return this;
  }

  /** The 99th percentile of how late the generator itself sent requests, in milliseconds; 0 before the first one. */
  get lagMs(): number {
    return this.lags.count === 0 ? 0 : this.lags.percentile(99) / 1000;
  }

  /** Forgets how late earlier requests were sent. */
  resetLag(): void {
    this.lags.reset();
  }

  override get started(): Promise<void> {
    return this.schedule?.started ?? super.started;
  }

  protected end(): void {
    this.schedule?.stop();
  }
}

/** The schedule of `rate` requests per second in real time. */
export function realSchedule(rate: number): Schedule {
  return (onDue, onError) => new Metronome(rate, onDue, onError);
}
