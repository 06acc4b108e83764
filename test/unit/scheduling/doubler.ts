import { RunFailure } from '../../../src/runtime/run-failure';
import type { RunResult } from '../../../src/runtime/runner';
import type { PackedTensor } from '../../../src/runtime/slab-layout';
import type { Tensor } from '../../../src/tensor/tensor';
import type { Clock } from '../../../src/common/clock';
import type { Job } from '../../../src/scheduling/job';
import type { SchedulerLimits } from '../../../src/scheduling/limits';
import type { SchedulerObserver } from '../../../src/scheduling/observer';
import type { Instance } from '../../../src/scheduling/instance';

/** A value that no run survives as data, and one that no runner survives. */
export const POISON = -1;
export const KILLER = -2;

/** Limits of a small model whose batches wait for nothing. */
export const LIMITS: SchedulerLimits = {
  maxBatchRows: 4,
  maxQueueDelayUs: 0,
  maxQueueRows: 100,
  maxQueueBytes: 10_000,
  timeoutMs: 1000,
};

/** An observer that nothing is told. */
export const NOBODY: SchedulerObserver = {
  started: () => {},
  executed: () => {},
  paddedTokens: () => {},
  flushed: () => {},
  refused: () => {},
  checked: () => {},
};

/** An instance that takes `runMs` of the clock's time, which can depend on the rows, to double every number. It counts its runs. */
export class Doubler implements Instance {
  readonly batches: number[] = [];
  readonly shapes: string[] = [];
  private dead = false;

  constructor(
    private readonly clock: Clock,
    private readonly runMs: number | ((rows: number) => number),
    private readonly onDeath: (instance: Doubler) => void = () => {},
  ) {}

  run(inputs: readonly PackedTensor[], outputs: readonly string[]): Promise<RunResult> {
    const [{ shape, chunks }] = inputs as [PackedTensor];
    const values = floatsOf(Buffer.concat(chunks));
    const runMs = typeof this.runMs === 'number' ? this.runMs : this.runMs(shape[0]!);
    this.batches.push(shape[0]!);
    this.shapes.push(shape.slice(1).join());
    return new Promise((resolve, reject) => {
      if (this.dead) return reject(new RunFailure('died', 'it is dead'));
      this.clock.after(runMs, () => {
        if (values.includes(KILLER)) return this.die(reject);
        if (values.includes(POISON)) return reject(new RunFailure('execution', 'poison'));
        const data = bytesOf(this.answerTo(values));
        resolve({
          outputs: outputs.map((name) => ({ name, datatype: 'FP32', shape, data })),
          times: { inputMs: 0, runMs, outputMs: 0 },
          waitedMs: 0,
        });
      });
    });
  }

  protected answerTo(values: readonly number[]): number[] {
    return values.map((value) => value * 2);
  }

  private die(reject: (failure: RunFailure) => void): void {
    this.dead = true;
    reject(new RunFailure('died', 'killed'));
    this.onDeath(this);
  }
}

/** Adds the largest of all rows to each, so that what a row comes to depends on its company. */
export class Mixer extends Doubler {
  protected override answerTo(values: readonly number[]): number[] {
    return values.map((value) => value + Math.max(...values));
  }
}

/** A job of `values`, `width` to the row. */
export function jobOf(values: readonly number[], width: number, more: Partial<Job> = {}): Job {
  const data = bytesOf(values);
  const shape = [values.length / width, width];
  const input: Tensor = { name: 'x', datatype: 'FP32', shape, data };
  return {
    inputs: [input],
    outputs: ['y'],
    rows: shape[0]!,
    byteLength: data.byteLength,
    shapeKey: `${width}`,
    caller: 'someone',
    priority: 0,
    deadline: Infinity,
    abandoned: undefined,
    ...more,
  };
}

/** The numbers of an FP32 tensor. */
export function floatsOf(data: Uint8Array): number[] {
  return [...new Float32Array(Uint8Array.from(data).buffer)];
}

function bytesOf(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
