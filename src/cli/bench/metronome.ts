import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What the thread of a {@link Metronome} needs. */
export interface MetronomeSettings {
  /** Mean requests per second. */
  readonly rate: number;
  /** One cell, which turns to 1 when the thread is to end. */
  readonly ended: Int32Array<SharedArrayBuffer>;
}

/** Monotonic time in milliseconds, equal on all threads. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Calls back at the times of a Poisson process. A thread waits for them, because timers of the event loop are up to a
 * millisecond late, which is more than many models take.
 */
export class Metronome {
  private readonly ended = new Int32Array(new SharedArrayBuffer(4));
  private readonly worker: Worker;
  /** Resolves when the schedule has started. */
  readonly started: Promise<void>;

  /**
   * @param rate mean requests per second.
   * @param onDue called with scheduled times that have come, see {@link monotonicMs}.
   * @param onError called if the thread fails.
   */
  constructor(rate: number, onDue: (times: readonly number[]) => void, onError: (error: Error) => void) {
    const workerData: MetronomeSettings = { rate, ended: this.ended };
    this.worker = new Worker(join(__dirname, 'metronome.worker.js'), { workerData });
    this.worker.on('message', (times: readonly number[]) => {
      if (this.ended[0] === 0) onDue(times);
    });
    this.worker.on('error', onError);
    // A failure to start is given to `onError`.
    this.started = once(this.worker, 'online').then(
      () => {},
      () => {},
    );
  }

  /** Ends the thread. No further call follows. */
  stop(): void {
    Atomics.store(this.ended, 0, 1);
    Atomics.notify(this.ended, 0);
  }
}
