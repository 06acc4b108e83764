/**
 * Why a run gave no outputs.
 * - `execution`: ONNX Runtime refused the data; another run of the same data would fail again.
 * - `died`: the runner ended while the run was under way.
 * - `interrupted`: the runner ended while the run was under way, by no fault of the run.
 * - `never_ran`: the runner had ended before the run began.
 * - `timeout`: the run passed its hard limit and the runner was killed.
 * - `no_room`: the slab cannot hold the tensors.
 */
export type RunFailureKind = 'execution' | 'died' | 'interrupted' | 'never_ran' | 'timeout' | 'no_room';

/** A run that failed. `message` is for people and free of paths. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';

  constructor(
    readonly kind: RunFailureKind,
    message: string,
  ) {
    super(message);
  }

  /** Whether the runner is gone with the run. */
  get endsRunner(): boolean {
    return this.isProcessEnd || this.kind === 'timeout';
  }

  /** Whether the runner's process ended by itself before the run could. */
  get isProcessEnd(): boolean {
    return this.kind === 'died' || this.kind === 'interrupted' || this.kind === 'never_ran';
  }
}
