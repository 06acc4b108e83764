/**
 * Why a run gave no outputs.
 * - `execution`: ONNX Runtime refused the data; another run of the same data would fail again.
 * - `died`: the runner ended while the run was under way.
 * - `never_ran`: the runner had ended before the run began.
 * - `timeout`: the run passed its hard limit and the runner was killed.
 * - `no_room`: the slab cannot hold the tensors.
 */
export type RunFailureKind = 'execution' | 'died' | 'never_ran' | 'timeout' | 'no_room';

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
    return this.kind === 'died' || this.kind === 'never_ran' || this.kind === 'timeout';
  }
}
