import { NexusError } from '../common/nexus-error';
import type { Outcome } from '../common/offload';

/** Outcome of a call to another process. An error other than a NexusError is reduced to its stack. */
type CallOutcome = Outcome<unknown> | { readonly failure: string };

/** A message between two processes: a call, or the outcome of the call with the same id. */
export type RpcMessage =
  | { readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly id: number; readonly outcome: CallOutcome };

/** The other process has ended before it returned. */
export class ChannelClosed extends Error {
  constructor() {
    super('the process ended');
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Remote calls between two processes, in both directions, over a transport that keeps the order of messages. */
export class RpcChannel {
  private readonly pending = new Map<number, Pending>();
  private calls = 0;
  private isClosed = false;

  /**
   * @param send sends a message. It must not throw.
   * @param handle handles a call of the other process. If it returns no promise, the outcome is sent synchronously.
   */
  constructor(
    private readonly send: (message: RpcMessage) => void,
    private readonly handle: (method: string, argument: unknown) => unknown,
  ) {}

  /** Calls `method` of the other process. @throws ChannelClosed if it ends first; NexusError, or Error with the message, that it threw. */
  call(method: string, argument?: unknown): Promise<unknown> {
    if (this.isClosed) return Promise.reject(new ChannelClosed());
    return new Promise((resolve, reject) => {
      const id = ++this.calls;
      this.pending.set(id, { resolve, reject });
      this.send({ id, method, argument });
    });
  }

  /** Handles a message of the other process. */
  receive(message: RpcMessage): void {
    if ('outcome' in message) return this.settle(message.id, message.outcome);
    const { id, method, argument } = message;
    try {
      const value = this.handle(method, argument);
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

  /** Rejects all calls, because the other process has ended. */
  close(): void {
    this.isClosed = true;
    for (const { reject } of this.pending.values()) reject(new ChannelClosed());
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
