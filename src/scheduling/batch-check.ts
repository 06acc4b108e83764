import { typedView } from '../tensor/typed-arrays';
import { agree, EQUAL_SIZE, OTHER_SIZE, type Tolerance } from '../runtime/agreement';
import { RunFailure } from '../runtime/run-failure';
import type { Tensor } from '../tensor/tensor';
import { isShared, longestOf, repeatRow, type Batch } from './batch';
import type { Clock } from '../common/clock';
import type { Part } from './job';
import type { SchedulerLimits } from './limits';
import type { SchedulerObserver } from './observer';
import { sliceRows } from '../tensor/rows';
import type { Instance } from './instance';

/** The first shared batches are all verified. */
const ALWAYS_CHECKED = 32;
/** Until this many are verified, verification may take MAX_TIME of the run time in addition to the configured share. */
const OFTEN_CHECKED = 1000;
const MAX_TIME = 0.02;

/** Elements to compare before yielding to the event loop: a few hundred microseconds of work. */
const ELEMENTS_PER_SLICE = 16_384;

/** A batch whose run has finished. */
interface FinishedBatch {
  readonly batch: Batch;
  /** Outputs of each part. */
  readonly results: readonly (readonly Tensor[])[];
  /** Rows that ran, including padding. */
  readonly rows: number;
  /** Duration of the run, in milliseconds. */
  readonly runMs: number;
  /** Rows that run for a batch of one row: more than 1 if `allowedBatchSizes` requires it. */
  readonly rowsAlone: number;
}

/** One row of a batch. */
interface Sample {
  readonly part: Part;
  readonly row: number;
  /** Index of the row in the batch. */
  readonly place: number;
  /** Length that sequences in the batch are padded to, so that the comparison is of runs of equal shape. */
  readonly longest: number;
  /** The outputs of this row. */
  readonly outputs: readonly Tensor[];
}

/**
 * Verifies in production that the rows of a batch do not depend on each other, as the trial on generated rows has
 * found. It runs one row of a batch again, alone. The first difference turns batching off.
 */
export class BatchCheck {
  /** Whether a verification has found a difference. */
  hasFailed = false;
  /** Resolves with the name of the output that differed. */
  readonly failed: Promise<string>;
  private fail!: (output: string) => void;
  /** Shared batches so far, and how many of them were verified. */
  private seen = 0;
  private verified = 0;
  /** Time of runs and of verifications after the first ALWAYS_CHECKED, in milliseconds. */
  private runMs = 0;
  private checkMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly observer: SchedulerObserver,
  ) {
    this.failed = new Promise((resolve) => (this.fail = resolve));
  }

  /**
   * Returns whether the results of `finished` must be discarded, because the batch is shared and the verification of
   * this or an earlier batch has failed. Call it once per batch.
   *
   * @throws RunFailure if the runner has ended.
   */
  async findsMixing(instance: Instance, finished: FinishedBatch, limits: SchedulerLimits): Promise<boolean> {
    if (!isShared(finished.batch, finished.rows)) return false;
    this.seen++;
    if (this.verified >= ALWAYS_CHECKED) this.runMs += finished.runMs;
    if (!this.isDue(limits)) return this.hasFailed;
    const started = this.clock.now();
    await this.verify(instance, finished);
    if (++this.verified > ALWAYS_CHECKED) this.checkMs += this.clock.now() - started;
    return this.hasFailed;
  }

  private isDue({ verifyBatching: share = 0 }: SchedulerLimits): boolean {
    if (share === 0 || this.hasFailed) return false;
    if (this.verified < ALWAYS_CHECKED || this.seen % Math.round(1 / share) === 0) return true;
    return this.verified < OFTEN_CHECKED && this.checkMs <= MAX_TIME * this.runMs;
  }

  private async verify(instance: Instance, finished: FinishedBatch): Promise<void> {
    const sample = this.sampleOf(finished);
    if (sample === undefined) return;
    try {
      const differing = await this.differing(instance, sample, finished.rowsAlone, 0, OTHER_SIZE);
      // Another batch size may round differently and change a label. Repeat at the same size, among copies of the row.
      const isMixed =
        differing !== undefined &&
        (await this.differing(instance, sample, finished.rows, sample.place, EQUAL_SIZE)) !== undefined;
      this.conclude(isMixed ? differing : undefined);
    } catch (error) {
      if (!(error instanceof RunFailure) || error.endsRunner) throw error;
      // A model that accepts the data in a batch must accept it alone.
      if (error.kind === 'execution') this.conclude(sample.outputs[0]!.name);
    }
  }

  private conclude(differing: string | undefined): void {
    this.observer.checked(differing === undefined ? 'same' : 'mixed');
    if (differing === undefined) return;
    this.hasFailed = true;
    this.fail(differing);
  }

  /** Selects a different part and row each time; undefined if the part has no rows. */
  private sampleOf({ batch, results }: FinishedBatch): Sample | undefined {
    const index = this.seen % batch.length;
    const part = batch[index]!;
    if (part.rows === 0) return undefined;
    const row = this.seen % part.rows;
    const place = batch.slice(0, index).reduce((sum, { rows }) => sum + rows, row);
    return {
      part,
      row,
      place,
      longest: longestOf(batch),
      outputs: results[index]!.map((output) => sliceRows(output, row, 1)),
    };
  }

  /**
   * Runs `times` copies of the sampled row and returns the first output whose row at `place` differs from the original.
   */
  private async differing(
    instance: Instance,
    { part, row, longest, outputs: expected }: Sample,
    times: number,
    place: number,
    tolerance: Tolerance,
  ): Promise<string | undefined> {
    const names = expected.map(({ name }) => name);
    const { outputs } = await instance.run(repeatRow(part, row, times, longest), names);
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
    const [values, others] = [typedView(one.data, datatype), typedView(other.data, datatype)];
    for (let start = 0; start < values.length; start += ELEMENTS_PER_SLICE) {
      if (start > 0) await new Promise<void>((resolve) => this.clock.soon(resolve));
      const end = start + ELEMENTS_PER_SLICE;
      if (!agree(values.subarray(start, end), others.subarray(start, end), tolerance)) return false;
    }
    return true;
  }
}
