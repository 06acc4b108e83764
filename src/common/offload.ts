import { move, Piscina, transferableSymbol, valueSymbol } from 'piscina';
import { NexusError } from './nexus-error';

/**
 * Heap limit of a thread, more than the largest message needs. When JSON.parse exceeds the limit, V8 terminates the
 * whole process, and the default limit is low on small machines.
 */
const THREAD_HEAP_MB = 4096;

/**
 * Runs the exported functions of a file on worker threads, for work that would block the event loop. Threads end after
 * 30 s without work, unless they keep state, and when the application shuts down.
 */
export abstract class Offload {
  private readonly pool: Piscina;

  /**
   * @param filename the compiled file. Its functions return an {@link Outcome}; {@link moving} transfers memory.
   * @param maxThreads maximum number of threads.
   * @param minThreads number of threads to keep when idle.
   * @param stateful for threads that keep state: once started, they do not end when idle. `concurrentTasks` is the
   * number of asynchronous functions that each runs at once.
   */
  protected constructor(
    filename: string,
    maxThreads: number,
    minThreads = 0,
    stateful?: { readonly concurrentTasks: number },
  ) {
    this.pool = new Piscina({
      filename,
      minThreads,
      maxThreads,
      idleTimeout: stateful === undefined ? 30_000 : Infinity,
      concurrentTasksPerWorker: stateful?.concurrentTasks ?? 1,
      // When cores are busy, the event loop takes precedence.
      niceIncrement: 3,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
      recordTiming: false,
    });
    // A thread that ends between two tasks is replaced, and no task is lost.
    this.pool.on('error', (error: Error) => process.emitWarning(error));
  }

  /** Ends the threads and rejects their tasks. Nest calls it when the application shuts down. */
  onApplicationShutdown(): Promise<void> {
    return this.pool.destroy();
  }

  /**
   * Runs the exported function `name` with `task` on a thread. The buffers in `moved` are transferred.
   * @throws NexusError that the function has thrown.
   */
  protected async runOnThread<T>(
    name: string,
    task: unknown,
    moved: readonly ArrayBuffer[] = [],
  ): Promise<T> {
    return settle((await this.pool.run(task, { name, transferList: [...moved] })) as Outcome<T>);
  }
}

/** Result of a thread: a value, or the fields of the {@link NexusError} that it has thrown. */
export type Outcome<T> =
  { readonly value: T } | { readonly refusal: Pick<NexusError, 'kind' | 'code' | 'message' | 'details'> };

/** Runs `work` and returns its outcome. Structured clone would keep only the message of an error. */
export function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() };
  } catch (error) {
    return refusalOf(error);
  }
}

/** Like {@link outcomeOf}, for asynchronous work. */
export async function outcomeOfAsync<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return refusalOf(error);
  }
}

/** @throws `error` unless it is a NexusError. */
function refusalOf(error: unknown): Outcome<never> {
  if (!(error instanceof NexusError)) throw error;
  const { kind, code, message, details } = error;
  return { refusal: { kind, code, message, details } };
}

/** Returns the value of an outcome. @throws NexusError that the thread has thrown. */
function settle<T>(outcome: Outcome<T>): T {
  if ('value' in outcome) return outcome.value;
  const { kind, code, message, details } = outcome.refusal;
  throw new NexusError(kind, code, message, details);
}

/** Returns `bytes` with their own memory, which can be transferred to a thread. Copies them if they are a view. */
export function movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength)
    return bytes as Uint8Array<ArrayBuffer>;
  return new Uint8Array(bytes);
}

/** Wraps `outcome` as the return value of a thread function, so that `buffers` are transferred to the caller. */
export function moving(outcome: Outcome<unknown>, buffers: readonly ArrayBufferLike[]): unknown {
  return move({ [transferableSymbol]: buffers, [valueSymbol]: outcome });
}
