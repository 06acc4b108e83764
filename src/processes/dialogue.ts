import { NexusError } from '../common/nexus-error';
import type { Outcome } from '../common/offload';

/** Outcome of a call to another process. Errors other than a NexusError have only their message. */
type CallOutcome = Outcome<unknown> | { readonly failure: string };

/** A message between two processes: a call, or the outcome of the call with the same id. */
export type CallMessage =
  | { readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly id: number; readonly outcome: CallOutcome };

/** The other process has ended before it returned. */
export class Gone extends Error {
  constructor() {
    super('the process ended');
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls between two processes, in both directions, over a channel that keeps the order of messages. */
export class Dialogue {
  private readonly pending = new Map<number, Pending>();
  private calls = 0;
  private isOver = false;

  /**
   * @param send sends a message. It must not throw.
   * @param answer handles a call of the other process. The outcome of what it returns synchronously is sent at once.
   */
  constructor(
    private readonly send: (message: CallMessage) => void,
    private readonly answer: (method: string, argument: unknown) => unknown,
  ) {}

  /** Calls `method` of the other process. @throws Gone if it ends first; NexusError, or Error with the message, that it threw. */
  call(method: string, argument?: unknown): Promise<unknown> {
    if (this.isOver) return Promise.reject(new Gone());
    return new Promise((resolve, reject) => {
      const id = ++this.calls;
      this.pending.set(id, { resolve, reject });
      this.send({ id, method, argument });
    });
  }

  /** Takes a message of the other process. */
  receive(message: CallMessage): void {
    if ('outcome' in message) return this.settle(message.id, message.outcome);
    const { id, method, argument } = message;
    try {
      const value = this.answer(method, argument);
      if (value instanceof Promise)
        value.then(
          (late: unknown) => this.send({ id, outcome: { value: late } }),
          (error: unknown) => this.send({ id, outcome: outcomeOfError(error) }),
        );
      else this.send({ id, outcome: { value } });
    } catch (error) {
      this.send({ id, outcome: outcomeOfError(error) });
    }
  }

  /** The other process has ended: all calls fail. */
  end(): void {
    this.isOver = true;
    for (const { reject } of this.pending.values()) reject(new Gone());
    this.pending.clear();
  }

  private settle(id: number, outcome: CallOutcome): void {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    if ('value' in outcome) return pending?.resolve(outcome.value);
    if ('failure' in outcome) return pending?.reject(new Error(outcome.failure));
    const { kind, code, message, details } = outcome.refusal;
    pending?.reject(new NexusError(kind, code, message, details));
  }
}

function outcomeOfError(error: unknown): CallOutcome {
  if (!(error instanceof NexusError)) return { failure: String((error as Error).stack ?? error) };
  const { kind, code, message, details } = error;
  return { refusal: { kind, code, message, details } };
}
