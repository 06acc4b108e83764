import { typedView } from '../tensor/typed-arrays';
import { agree, EQUAL_SIZE, OTHER_SIZE, type Tolerance } from '../runtime/agreement';
import { RunFailure } from '../runtime/run-failure';
import type { Tensor } from '../tensor/tensor';
import { isShared, repeatRow, type Batch } from './batch';
import type { Clock } from './clock';
import type { Part } from './job';
import type { SchedulerLimits } from './limits';
import type { SchedulerObserver } from './observer';
import { sliceRows } from '../tensor/rows';
import type { Instance } from './instance';

/** So many shared batches are all checked; of later ones, a share. */
const ALWAYS_CHECKED = 1000;

/** This many elements are compared in some hundred microseconds; then the event loop goes on. */
const ELEMENTS_PER_TURN = 16_384;

/** A batch that has run. */
interface FinishedBatch {
  readonly batch: Batch;
  /** Outputs of each part. */
  readonly results: readonly (readonly Tensor[])[];
  /** How many rows ran, padding included. */
  readonly rows: number;
  /** How many rows run where a batch has one: more where larger sizes are required. */
  readonly rowsAlone: number;
}

/** One row of a batch. */
interface Sample {
  readonly part: Part;
  readonly row: number;
  /** Which row of the batch it was. */
  readonly place: number;
  /** Its rows of the outputs. */
  readonly outputs: readonly Tensor[];
}

/**
 * Checks in production what a trial on made-up rows has found: that the rows of a batch do not depend on each other. One
 * row of a batch is run again alone. The first difference turns batching off.
 */
export class BatchCheck {
  /** Whether a row has come out differently. */
  hasFailed = false;
  /** Resolves with the name of the output that differed. */
  readonly failed: Promise<string>;
  private fail!: (output: string) => void;
  private seen = 0;

  constructor(
    private readonly clock: Clock,
    private readonly observer: SchedulerObserver,
  ) {
    this.failed = new Promise((resolve) => (this.fail = resolve));
  }

  /**
   * Whether the rows of a batch that `instance` has run may be mixed, so that no result may be handed out: the batch is
   * shared, and a check of it or of one before has failed. To be called once for each batch.
   *
   * @throws RunFailure when the runner is gone.
   */
  async findsMixing(instance: Instance, finished: FinishedBatch, limits: SchedulerLimits): Promise<boolean> {
    if (!isShared(finished.batch, finished.rows)) return false;
    if (this.isDue(limits)) await this.verify(instance, finished);
    return this.hasFailed;
  }

  private isDue({ verifyBatching: share = 0 }: SchedulerLimits): boolean {
    if (share === 0 || this.hasFailed) return false;
    return ++this.seen <= ALWAYS_CHECKED || this.seen % Math.round(1 / share) === 0;
  }

  private async verify(instance: Instance, finished: FinishedBatch): Promise<void> {
    const sample = this.sampleOf(finished);
    if (sample === undefined) return;
    try {
      const differing = await this.differing(instance, sample, finished.rowsAlone, 0, OTHER_SIZE);
      // Another size may be rounded otherwise, up to another label. Then the row is run at the same size, beside copies.
      const isMixed =
        differing !== undefined &&
        (await this.differing(instance, sample, finished.rows, sample.place, EQUAL_SIZE)) !== undefined;
      this.conclude(isMixed ? differing : undefined);
    } catch (error) {
      if (!(error instanceof RunFailure) || error.endsRunner) throw error;
      // Data that the model accepts in a batch it has to accept alone.
      if (error.kind === 'execution') this.conclude(sample.outputs[0]!.name);
    }
  }

  private conclude(differing: string | undefined): void {
    this.observer.checked(differing === undefined ? 'same' : 'mixed');
    if (differing === undefined) return;
    this.hasFailed = true;
    this.fail(differing);
  }

  /** Another row of another part each time; undefined when the part has none. */
  private sampleOf({ batch, results }: FinishedBatch): Sample | undefined {
    const index = this.seen % batch.length;
    const part = batch[index]!;
    if (part.rows === 0) return undefined;
    const row = this.seen % part.rows;
    const place = batch.slice(0, index).reduce((sum, { rows }) => sum + rows, row);
    return { part, row, place, outputs: results[index]!.map((output) => sliceRows(output, row, 1)) };
  }

  /** The output that is another one when the row of `sample` is run `times` times together, by what comes at `place`. */
  private async differing(
    instance: Instance,
    { part, row, outputs: expected }: Sample,
    times: number,
    place: number,
    tolerance: Tolerance,
  ): Promise<string | undefined> {
    const names = expected.map(({ name }) => name);
    const { outputs } = await instance.run(repeatRow(part, row, times), names);
    for (const [index, output] of outputs.entries()) {
      const isSame =
        output.shape[0] === times &&
        (await this.isSame(sliceRows(output, place, 1), expected[index]!, tolerance));
      if (!isSame) return output.name;
    }
    return undefined;
  }

  private async isSame(one: Tensor, other: Tensor, tolerance: Tolerance): Promise<boolean> {
    if (one.shape.join() !== other.shape.join()) return false;
    if (Buffer.compare(one.data, other.data) === 0) return true;
    const { datatype } = one;
    if (datatype === 'BYTES') return false;
    const [mine, its] = [typedView(one.data, datatype), typedView(other.data, datatype)];
    for (let start = 0; start < mine.length; start += ELEMENTS_PER_TURN) {
      if (start > 0) await new Promise<void>((resolve) => this.clock.soon(resolve));
      const end = start + ELEMENTS_PER_TURN;
      if (!agree(mine.subarray(start, end), its.subarray(start, end), tolerance)) return false;
    }
    return true;
  }
}
