import type { TraceContext } from '../common/trace';

/**
 * One attempt to get an answer from a target. A field and a method in place of an AbortController, which costs more than
 * the rest of a small request.
 */
export class Attempt {
  /** Whether the answer is no longer needed. */
  isCancelled = false;
  private abort: (() => void) | undefined;
  /** The position in a trace, which the target receives. */
  traceContext: TraceContext | undefined;
  /** Bytes charged for the answer. */
  private held = 0;

  /**
   * @param deadline of the response, on the `performance.now()` clock.
   * @param charge charges so many bytes more for the answer; see FleetRequest.
   */
  constructor(
    readonly deadline: number,
    private readonly charge?: (bytes: number) => void,
  ) {}

  /** Sets what ends the work of the attempt, which must then reject soon. Called at once if the attempt is cancelled already. */
  set onCancel(abort: () => void) {
    this.abort = abort;
    if (this.isCancelled) abort();
  }

  /**
   * Charges the request for `bytes` of an answer in all, before they are kept. Replaces what was charged before.
   * @throws NexusError memory_busy. The work of the attempt must then end, and reject with it.
   */
  hold(bytes: number): void {
    if (bytes === this.held) return;
    this.charge?.(bytes - this.held);
    this.held = bytes;
  }

  /** Ends the attempt. Repeats do nothing. */
  cancel(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    this.abort?.();
  }
}
