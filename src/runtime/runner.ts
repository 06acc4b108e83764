import type { RunTimes } from '../common/run-times';
import type { FromRunner, LoadedModel, LoadMessage, RunMessage, SlabTensor } from './messages';
import { RunFailure } from './run-failure';
import type { RunnerEnd } from './runner-end';
import type { RunnerProcess } from './runner-process';
import type { Slab } from './slab';
import { layOut, type PackedTensor } from './slab-layout';
import type { Tensor } from '../tensor/tensor';

/** What a run gave: the outputs asked for, in that order, and how long it took. */
export interface RunResult {
  readonly outputs: readonly Tensor[];
  readonly times: RunTimes;
  /** How long it waited for runs of other models in the same process, in milliseconds. */
  readonly waitedMs: number;
}

/** What a runner is started with. */
export interface RunnerOptions {
  /** Names the model for people, e.g. `digits/1`. */
  readonly label: string;
  readonly load: Omit<LoadMessage, 'type' | 'session'>;
  /** Hard limit of loading; past it the process is killed. */
  readonly loadTimeoutMs: number;
  /** Hard limit of one run; past it the process is killed. */
  readonly runTimeoutMs: number;
}

/** One session in a process, which is all its own or shared: runs one batch at a time. */
export class Runner {
  /** Settles when the session is gone, with its process or without. */
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

  /** Resolves when a new process would be better; see {@link RunnerProcess.worn}. */
  get worn(): Promise<undefined> {
    return this.process.worn;
  }

  /** Whether the process ended by itself, and while it worked for this session. */
  get isCulprit(): boolean {
    return this.process.worksFor === this.session && this.process.ending?.cause === 'own';
  }

  /** Resident memory that it accounts for, in bytes; undefined when it is gone. */
  residentBytes(): Promise<number | undefined> {
    return this.process.bytesOf(this.session);
  }

  /** Loads the model. @throws Error whose message is the reason, for people. */
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
        answer.type === 'refused' ? answer.reason : `unexpected answer '${answer.type}' to load`,
      );
    });
  }

  /** Runs one batch. Must not be called while another run is under way. @throws RunFailure */
  run(inputs: readonly PackedTensor[], outputs: readonly string[]): Promise<RunResult> {
    const asked = performance.now();
    return this.process.exclusively(() => this.runNow(inputs, outputs, performance.now() - asked));
  }

  /** Gives the session up, and a process of its own with it at once. Resolves when it is gone. */
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
    if (answer.type !== 'failed') return new RunFailure('died', `unexpected answer '${answer.type}' to run`);
    if (answer.noRoom) return slab.noRoom(answer.reason);
    this.process.countFailure();
    return new RunFailure('execution', answer.reason);
  }
}

/** Takes `outputs`, which lie in `slab` from `start` on, out of it: the batch is done. */
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
