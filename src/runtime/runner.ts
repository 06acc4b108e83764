import type { RunTimes } from '../common/run-times';
import type { FromRunner, LoadedModel, LoadMessage, RunMessage, SlabTensor } from './messages';
import { RunFailure } from './run-failure';
import type { RunnerEnd } from './runner-end';
import type { RunnerProcess } from './runner-process';
import type { Slab } from './slab';
import { layOut, type PackedTensor } from './slab-layout';
import type { Tensor } from '../tensor/tensor';

/** Result of a run: the requested outputs, in that order, and how long it took. */
export interface RunResult {
  readonly outputs: readonly Tensor[];
  readonly times: RunTimes;
  /** Time that the run waited for other models in the same process, in milliseconds. */
  readonly waitedMs: number;
}

/** Options of a runner. */
export interface RunnerOptions {
  /** Names the model for people, for example `digits/1`. */
  readonly label: string;
  readonly load: Omit<LoadMessage, 'type' | 'session'>;
  /** Time limit for loading, in milliseconds. When it is exceeded, the process is killed. */
  readonly loadTimeoutMs: number;
  /** Time limit for a run, in milliseconds. When it is exceeded, the process is killed. */
  readonly runTimeoutMs: number;
}

/** A session in its own or a shared process. Runs one batch at a time. */
export class Runner {
  /** Resolves when the session has been stopped or its process has ended. */
  readonly exited: Promise<RunnerEnd>;
  private readonly session: number;
  private gone!: () => void;

  constructor(
    private readonly options: RunnerOptions,
    private readonly process: RunnerProcess,
  ) {
    this.session = process.open();
    const stopped = new Promise<RunnerEnd>((resolve) => {
      this.gone = () => resolve({ cause: 'own', reason: '' });
    });
    this.exited = Promise.race([process.exited, stopped]);
  }

  /** Resolves when the process should be replaced; see {@link RunnerProcess.worn}. */
  get worn(): Promise<undefined> {
    return this.process.worn;
  }

  /** Whether the process ended because of this session: by itself, while it worked for the session. */
  get isCulprit(): boolean {
    return this.process.worksFor === this.session && this.process.ending?.cause === 'own';
  }

  /** Resident memory attributed to the session, in bytes; undefined if the process has ended. */
  residentBytes(): Promise<number | undefined> {
    return this.process.bytesOf(this.session);
  }

  /** Loads the model. @throws Error with the reason, for people. */
  load(): Promise<LoadedModel> {
    return this.process.exclusively(async () => {
      const { load, loadTimeoutMs: limit } = this.options;
      const message = { type: 'load', session: this.session, ...load } as const;
      const answer = await this.process.ask(message, limit, `loading took longer than ${limit} ms`);
      if (answer.type === 'loaded') {
        this.process.loaded(this.session, answer.bytes);
        return answer.model;
      }
      throw new Error(
        answer.type === 'refused' ? answer.reason : `unexpected response '${answer.type}' to load`,
      );
    });
  }

  /** Runs one batch. Must not be called while another run is in flight. @throws RunFailure */
  run(inputs: readonly PackedTensor[], outputs: readonly string[]): Promise<RunResult> {
    const asked = performance.now();
    return this.process.exclusively(() => this.runNow(inputs, outputs, performance.now() - asked));
  }

  /** Closes the session, and kills its process if no other session uses it. Resolves when it is closed. */
  async stop(): Promise<void> {
    await this.process.close(this.session, this.options.runTimeoutMs);
    this.gone();
  }

  private async runNow(
    inputs: readonly PackedTensor[],
    outputs: readonly string[],
    waitedMs: number,
  ): Promise<RunResult> {
    const { slab, ending } = this.process;
    if (slab === undefined || ending !== undefined) throw new RunFailure('never_ran', ending?.reason ?? '');
    try {
      return await this.runIn(slab, inputs, outputs, waitedMs);
    } catch (failure) {
      await slab.clear();
      throw failure;
    }
  }

  private async runIn(
    slab: Slab,
    inputs: readonly PackedTensor[],
    outputs: readonly string[],
    waitedMs: number,
  ): Promise<RunResult> {
    const started = performance.now();
    const { tensors, chunks, end } = layOut(inputs, 0);
    await slab.write(chunks, end, 0);
    const written = performance.now();
    const limit = this.options.runTimeoutMs;
    const message: RunMessage = {
      type: 'run',
      session: this.session,
      inputs: tensors,
      outputs,
      outputOffset: end,
    };
    const answer = await this.process.ask(message, limit, `the run took longer than ${limit} ms`);
    if (answer.type !== 'ran') throw this.failed(slab, answer);
    const answered = performance.now();
    const collected = await collect(slab, answer.outputs, end);
    const times = {
      inputMs: written - started,
      runMs: answer.runMs,
      outputMs: performance.now() - answered,
    };
    return { outputs: collected, times, waitedMs };
  }

  private failed(slab: Slab, answer: Exclude<FromRunner, { type: 'ran' }>): RunFailure {
    if (answer.type !== 'failed')
      return new RunFailure('died', `unexpected response '${answer.type}' to run`);
    if (answer.noRoom) return slab.noRoom(answer.reason);
    this.process.countFailure();
    return new RunFailure('execution', answer.reason);
  }
}

/** Reads `outputs` from `slab`, where they begin at `start`, and shrinks the slab: the batch is done. */
async function collect(slab: Slab, outputs: readonly SlabTensor[], start: number): Promise<Tensor[]> {
  const last = outputs.at(-1);
  const end = last === undefined ? start : last.offset + last.byteLength;
  const bytes = await slab.read(start, end - start);
  await slab.shrink(end);
  return outputs.map(({ name, datatype, shape, offset, byteLength }) => {
    const data = bytes.subarray(offset - start, offset - start + byteLength);
    return { name, datatype, shape, data };
  });
}
