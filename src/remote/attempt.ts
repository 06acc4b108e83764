/**
 * One attempt to get an answer from a target. A field and a method in place of an AbortController, which costs more than
 * the rest of a small request.
 */
export class Attempt {
  /** Whether the answer is no longer needed. */
  isCancelled = false;
  private abort: (() => void) | undefined;

  /** @param deadline of the response, on the `performance.now()` clock. */
  constructor(readonly deadline: number) {}

  /** Sets what ends the work of the attempt, which must then reject soon. Called at once if the attempt is cancelled already. */
  set onCancel(abort: () => void) {
    this.abort = abort;
    if (this.isCancelled) abort();
  }

  /** Ends the attempt. Repeats do nothing. */
  cancel(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    this.abort?.();
  }
}
