/**
 * Why a run has no outputs.
 * - `execution`: ONNX Runtime rejected the data; another run of the same data would fail too.
 * - `died`: the runner ended during the run.
 * - `interrupted`: the runner ended during the run, for a reason unrelated to the run.
 * - `never_ran`: the runner had ended before the run started.
 * - `timeout`: the run exceeded its time limit and the runner was killed.
 * - `no_room`: the slab cannot hold the tensors.
 */
export type RunFailureKind = 'execution' | 'died' | 'interrupted' | 'never_ran' | 'timeout' | 'no_room';

/** A failed run. `message` is for people and contains no paths. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';

  constructor(
    readonly kind: RunFailureKind,
    message: string,
  ) {
    super(message);
  }

  /** Whether the runner has ended too. */
  get endsRunner(): boolean {
    return this.isProcessEnd || this.kind === 'timeout';
  }

  /** Whether the process of the runner ended before the run completed, and not because of its time limit. */
  get isProcessEnd(): boolean {
    return this.kind === 'died' || this.kind === 'interrupted' || this.kind === 'never_ran';
  }
}
