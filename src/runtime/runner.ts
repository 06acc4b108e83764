import type { RunTimes } from '../common/run-times';
import { encodeRun, MAX_INLINE_BYTES } from './message-frames';
import type { FromRunner, LoadedModel, LoadMessage, NamesMessage, TensorPlace } from './messages';
import { RunFailure } from './run-failure';
import type { RunnerEnd } from './runner-end';
import type { RunnerProcess } from './runner-process';
import type { Slab } from './slab';
import { endOf, layOut, type TensorLayout, type PackedTensor } from './slab-layout';
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
  /** The latest names of inputs and outputs that the process knows. */
  private named: Pick<NamesMessage, 'inputs' | 'outputs'> | undefined;
  private readonly tooLong: string;

  constructor(
    private readonly options: RunnerOptions,
    private readonly process: RunnerProcess,
  ) {
    this.session = process.open();
    this.tooLong = `the run took longer than ${options.runTimeoutMs} ms`;
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
    return this.process.workedFor === this.session && this.process.ending?.cause === 'own';
  }

  /** Resident memory attributed to the session, in bytes; undefined if the process has ended. */
  residentBytes(): Promise<number | undefined> {
    return this.process.bytesOf(this.session);
  }

  /** Loads the model. @throws Error with the reason, for people. */
  async load(): Promise<LoadedModel> {
    const { load, loadTimeoutMs: limit } = this.options;
    const message = { type: 'load', session: this.session, ...load } as const;
    const answer = await this.process.tell(message, limit, `loading took longer than ${limit} ms`);
    if (answer.type === 'loaded') {
      this.process.loaded(this.session, answer.bytes);
      return answer.model;
    }
    throw new Error(
      answer.type === 'refused' ? answer.reason : `unexpected response '${answer.type}' to load`,
    );
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
      const started = performance.now();
      const layout = layOut(inputs, 0);
      const isInline = layout.end <= MAX_INLINE_BYTES;
      if (!isInline) await slab.write(layout.chunks, layout.end, 0);
      const slabEnd = isInline ? 0 : layout.end;
      this.name(inputs, outputs);
      const written = performance.now();
      const answer = await this.ask(layout, isInline, outputs, slabEnd);
      if (answer.type !== 'ran') throw this.failed(slab, answer);
      const answered = performance.now();
      const { inline, runMs } = answer;
      const end = inline === undefined ? endOf(answer.outputs, slabEnd) : slabEnd;
      const bytes = inline ?? (await this.read(slab, slabEnd, end));
      // Most batches leave the slab as it is.
      const shrinking = slab.shrink(end);
      if (shrinking !== undefined) await shrinking;
      const tensors = tensorsIn(bytes, inline === undefined ? slabEnd : 0, answer.outputs);
      const times = { inputMs: written - started, runMs, outputMs: performance.now() - answered };
      return { outputs: tensors, times, waitedMs };
    } catch (failure) {
      await slab.clear();
      throw failure;
    }
  }

  /** Reads the bytes from `start` to `end`. Stops a process that claims to have written more than it has. */
  private async read(slab: Slab, start: number, end: number): Promise<Buffer> {
    const bytes = await slab.read(start, end - start);
    if (bytes !== undefined) return bytes;
    const reason = 'the runner described outputs that it has not written';
    void this.process.stop(reason);
    throw new RunFailure('died', reason);
  }

  private ask(
    layout: TensorLayout,
    isInline: boolean,
    outputs: readonly string[],
    outputOffset: number,
  ): Promise<FromRunner> {
    return new Promise((resolve, reject) => {
      const { runTimeoutMs: limitMs } = this.options;
      this.process.ask(
        { session: this.session, limitMs, tooLong: this.tooLong, outputs, outputOffset, resolve, reject },
        encodeRun(this.session, layout, isInline, this.process.space),
      );
    });
  }

  /** Sends the names of the inputs and outputs if they have changed. */
  private name(inputs: readonly PackedTensor[], outputs: readonly string[]): void {
    const { named } = this;
    if (named !== undefined && areNames(inputs, named.inputs) && areEqual(outputs, named.outputs)) return;
    this.named = { inputs: inputs.map(({ name }) => name), outputs };
    this.process.name({ session: this.session, ...this.named });
  }

  private failed(slab: Slab, answer: Exclude<FromRunner, { type: 'ran' }>): RunFailure {
    if (answer.type !== 'failed')
      return new RunFailure('died', `unexpected response '${answer.type}' to run`);
    if (answer.noRoom) return slab.noRoom(answer.reason);
    this.process.countFailure();
    return new RunFailure('execution', answer.reason);
  }
}

/** Views of the `tensors` whose bytes start at offset `start`. */
function tensorsIn(bytes: Buffer, start: number, tensors: readonly TensorPlace[]): Tensor[] {
  return tensors.map(({ name, datatype, shape, offset, byteLength }) => {
    const data = bytes.subarray(offset - start, offset - start + byteLength);
    return { name, datatype, shape, data };
  });
}

function areNames(tensors: readonly PackedTensor[], names: readonly string[]): boolean {
  return tensors.length === names.length && tensors.every(({ name }, index) => name === names[index]);
}

function areEqual(some: readonly string[], others: readonly string[]): boolean {
  return (
    some === others || (some.length === others.length && some.every((text, index) => text === others[index]))
  );
}
