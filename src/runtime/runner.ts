import { fork, type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { RunTimes } from '../common/run-times';
import type { FromRunner, LoadedModel, LoadMessage, RunMessage, SlabTensor, ToRunner } from './messages';
import { RunFailure } from './run-failure';
import { Slab } from './slab';
import { layOut, type PackedTensor } from './slab-layout';
import type { Tensor } from './tensor';

/** What a run gave: the outputs asked for, in that order, and how long it took. */
export interface RunResult {
  readonly outputs: readonly Tensor[];
  readonly times: RunTimes;
}

/** What a runner is started with. */
export interface RunnerOptions {
  /** Shown in the process title, e.g. `digits/1`. */
  readonly label: string;
  readonly load: Omit<LoadMessage, 'type'>;
  /** Hard limit of loading; past it the runner is killed. */
  readonly loadTimeoutMs: number;
  /** Hard limit of one run; past it the runner is killed. */
  readonly runTimeoutMs: number;
}

/** How a runner ended, for people; empty when it was told to. */
export type ExitReason = string;

const CHILD = join(__dirname, 'runner', 'main.js');

/** A little below the gateway, so that answering requests goes before computing them. */
const NICENESS = 5;

/** A failed run leaks about 2.4 kB of native memory in ONNX Runtime 1.30: this many are some 5 MB. */
const FAILURES_OF_A_LIFE = 2000;

/** What a runner writes to its standard error is kept to this many characters, for the reason of its death. */
const STDERR_TAIL = 2000;

/** Runners alive. None is left behind when the gateway exits, however busy it is. */
const alive = new Set<ChildProcess>();
process.once('exit', () => alive.forEach((child) => child.kill('SIGKILL')));

/**
 * The gateway's side of a runner: a child process that holds one session and runs one batch at a time. Nothing
 * that happens in it, a hang or a crash, reaches the gateway as more than a rejected {@link run} and {@link exited}.
 */
export class Runner {
  /** Settles when the process has ended, however it came about. */
  readonly exited: Promise<ExitReason>;
  /** Resolves when so many runs have failed that the native memory they leaked is worth a new process. */
  readonly worn: Promise<undefined>;

  private readonly child: ChildProcess;
  private readonly slab = Slab.open();
  private answer: ((message: FromRunner) => void) | undefined;
  private fail: ((failure: RunFailure) => void) | undefined;
  private ending: ExitReason | undefined;
  private stderr = '';
  private failures = 0;
  private wearOut!: () => void;

  constructor(private readonly options: RunnerOptions) {
    this.child = fork(CHILD, [options.label], {
      stdio: ['ignore', 'ignore', 'pipe', this.slab.fd, 'ipc'],
      execArgv: [],
    });
    alive.add(this.child);
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_TAIL);
    });
    this.child.on('message', (message) => this.answer?.(message as FromRunner));
    this.exited = this.watch();
    this.worn = new Promise((resolve) => (this.wearOut = () => resolve(undefined)));
  }

  /** The process id; undefined when the process could not be started. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Loads the model. @throws Error whose message is the reason, for people. */
  async load(): Promise<LoadedModel> {
    this.lowerPriority();
    const limit = this.options.loadTimeoutMs;
    const answer = await this.ask(
      { type: 'load', ...this.options.load },
      limit,
      `loading took longer than ${limit} ms`,
    );
    if (answer.type === 'loaded') return answer.model;
    throw new Error(answer.type === 'refused' ? answer.reason : `unexpected answer '${answer.type}' to load`);
  }

  /** Runs one batch. Must not be called while another run is under way. @throws RunFailure */
  async run(inputs: readonly PackedTensor[], outputs: readonly string[]): Promise<RunResult> {
    if (this.ending !== undefined) throw new RunFailure('died', this.ending);
    const started = performance.now();
    const { tensors, chunks, end } = layOut(inputs, 0);
    await this.slab.write(chunks, end, 0);
    const written = performance.now();
    const limit = this.options.runTimeoutMs;
    const message: RunMessage = { type: 'run', inputs: tensors, outputs, outputOffset: end };
    const answer = await this.ask(message, limit, `the run took longer than ${limit} ms`);
    if (answer.type !== 'ran') throw this.failed(answer);
    const answered = performance.now();
    const collected = await this.collect(answer.outputs, end);
    const times = {
      inputMs: written - started,
      runMs: answer.runMs,
      outputMs: performance.now() - answered,
    };
    return { outputs: collected, times };
  }

  /** Ends the process at once, as nothing else can end a run. Resolves when it is gone. */
  async stop(reason: ExitReason = ''): Promise<void> {
    this.ending ??= reason;
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private ask(message: ToRunner, limitMs: number, tooLong: string): Promise<FromRunner> {
    return new Promise<FromRunner>((resolve, reject) => {
      if (this.ending !== undefined) return reject(new RunFailure('died', this.ending));
      const timer = setTimeout(() => {
        reject(new RunFailure('timeout', tooLong));
        void this.stop(tooLong);
      }, limitMs);
      const settle = () => {
        clearTimeout(timer);
        this.answer = this.fail = undefined;
      };
      this.answer = (answer) => (settle(), resolve(answer));
      this.fail = (failure) => (settle(), reject(failure));
      // A failed send means that the process is gone; `exit` tells why.
      this.child.send(message, () => {});
    });
  }

  private failed(answer: Exclude<FromRunner, { type: 'ran' }>): RunFailure {
    if (answer.type !== 'failed') return new RunFailure('died', `unexpected answer '${answer.type}' to run`);
    if (answer.noRoom) return new RunFailure('no_room', answer.reason);
    if (++this.failures === FAILURES_OF_A_LIFE) this.wearOut();
    return new RunFailure('execution', answer.reason);
  }

  private async collect(outputs: readonly SlabTensor[], start: number): Promise<Tensor[]> {
    const last = outputs.at(-1);
    const end = last === undefined ? start : last.offset + last.byteLength;
    const bytes = await this.slab.read(start, end - start);
    this.slab.shrink(end);
    return outputs.map(({ name, datatype, shape, offset, byteLength }) => {
      const data = bytes.subarray(offset - start, offset - start + byteLength);
      return { name, datatype, shape, data };
    });
  }

  private watch(): Promise<ExitReason> {
    return new Promise((resolve) => {
      const end = (reason: ExitReason) => {
        const told = (this.ending ??= reason);
        this.slab.close();
        alive.delete(this.child);
        this.fail?.(new RunFailure('died', told));
        resolve(told);
      };
      this.child.once(
        'error',
        (error) => this.child.pid === undefined && end(`cannot start: ${error.message}`),
      );
      this.child.once('exit', (code, signal) => end(describeExit(code, signal, this.stderr)));
    });
  }

  private lowerPriority(): void {
    try {
      if (this.child.pid !== undefined) setPriority(this.child.pid, NICENESS);
    } catch {
      // Not allowed, or already gone: priority is a courtesy, and a death is told by `exited`.
    }
  }
}

function describeExit(code: number | null, signal: string | null, stderr: string): ExitReason {
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  // ONNX Runtime writes in colours.
  const said = stripVTControlCharacters(stderr).trim().split('\n').at(-1) ?? '';
  return said === '' ? `the runner ${how}` : `the runner ${how}: ${said}`;
}
