import { move, Piscina, transferableSymbol, valueSymbol } from 'piscina';
import { NexusError } from './errors';

/**
 * Out of reach of the largest message. V8 ends the process, and not only the thread, when JSON.parse runs out, and by
 * its own choice the limit would be low on a small machine.
 */
const THREAD_HEAP_MB = 4096;

/**
 * Runs the exported functions of one file on threads of its own: work that would hold up the event loop. A thread that
 * has had nothing to do for 30 s is ended, and all of them are when the application shuts down.
 */
export abstract class Offload {
  private readonly pool: Piscina;

  /**
   * @param filename the compiled file; its functions answer with an {@link Outcome}, through {@link moving} where memory moves.
   * @param maxThreads most threads at once.
   * @param minThreads threads that are kept when there is nothing to do.
   */
  protected constructor(filename: string, maxThreads: number, minThreads = 0) {
    this.pool = new Piscina({
      filename,
      minThreads,
      maxThreads,
      idleTimeout: 30_000,
      // Where cores are short, the event loop goes first.
      niceIncrement: 3,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
      recordTiming: false,
    });
    // A thread that ends between two tasks is replaced, and takes no message with it.
    this.pool.on('error', (error: Error) => process.emitWarning(error));
  }

  /** Ends the threads; what is still with them is rejected. Nest calls it when the application shuts down. */
  onApplicationShutdown(): Promise<void> {
    return this.pool.destroy();
  }

  /**
   * What the exported function `name` makes of `task`. The memory of `moved` goes to the thread: it is detached here.
   * @throws NexusError that was thrown there.
   */
  protected async elsewhere<T>(name: string, task: unknown, moved: readonly ArrayBuffer[] = []): Promise<T> {
    return settle((await this.pool.run(task, { name, transferList: [...moved] })) as Outcome<T>);
  }
}

/** What a thread answers: a value, or the fields of the {@link NexusError} that it refused with. */
export type Outcome<T> =
  { readonly value: T } | { readonly refusal: Pick<NexusError, 'kind' | 'code' | 'message' | 'details'> };

/** The outcome of `work`, in a form that crosses threads; structured clone would leave only the message of an error. */
export function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof NexusError)) throw error;
    const { kind, code, message, details } = error;
    return { refusal: { kind, code, message, details } };
  }
}

/** The value of an outcome from the other thread. @throws NexusError that was thrown there. */
function settle<T>(outcome: Outcome<T>): T {
  if ('value' in outcome) return outcome.value;
  const { kind, code, message, details } = outcome.refusal;
  throw new NexusError(kind, code, message, details);
}

/** `bytes` with memory of their own, which can move to another thread: themselves, or a copy of a view. */
export function movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength)
    return bytes as Uint8Array<ArrayBuffer>;
  return new Uint8Array(bytes);
}

/** What a function of a thread returns to answer `outcome`, with the memory of `buffers` moved to the caller. */
export function moving(outcome: Outcome<unknown>, buffers: readonly ArrayBufferLike[]): unknown {
  return move({ [transferableSymbol]: buffers, [valueSymbol]: outcome });
}
