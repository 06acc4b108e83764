import type { MemoryReplies } from './memory-replies';
import type { PendingReply } from './replies';
import { decodeReply, encodeReply } from './reply-bytes';

/** What a process asks: what is known of a key, or to store or forget the response of a request that it ran. */
export type ReplyQuestion =
  | { readonly key: string; readonly fingerprint: string }
  /** @property reply encoded response; undefined to forget the key. */
  | { readonly run: number; readonly reply: Uint8Array | undefined };

/** What is known of a key. `run` is a number for the answer with the response. */
export type KnownReply =
  | { readonly state: 'new'; readonly run: number }
  | { readonly state: 'running' | 'other' }
  | { readonly state: 'done'; readonly reply: Uint8Array };

/** Stores the responses of all gateway processes on this machine, in the memory of the first process. */
export class ReplyService {
  private readonly runs = new Map<number, { readonly reply: PendingReply; readonly process: object }>();
  private started = 0;

  constructor(private readonly replies: MemoryReplies) {}

  /** Answers a {@link ReplyQuestion}. */
  answer(question: unknown, process: object): KnownReply | undefined {
    const asked = question as ReplyQuestion;
    if ('key' in asked) return this.begin(asked.key, asked.fingerprint, process);
    this.end(asked.run, asked.reply);
    return undefined;
  }

  /** Forgets the keys of the requests that the process was running. */
  left(process: object): void {
    for (const [run, { process: owner }] of this.runs) if (owner === process) this.end(run, undefined);
  }

  private begin(key: string, fingerprint: string, process: object): KnownReply {
    const known = this.replies.begin(key, fingerprint);
    if (known.state === 'done') return { state: 'done', reply: encodeReply(known.response) };
    if (known.state !== 'new') return { state: known.state };
    const run = ++this.started;
    this.runs.set(run, { reply: known.run, process });
    return { state: 'new', run };
  }

  private end(run: number, reply: Uint8Array | undefined): void {
    const pending = this.runs.get(run)?.reply;
    this.runs.delete(run);
    const response = reply && decodeReply(Buffer.from(reply));
    if (response === undefined) void pending?.abandon();
    else void pending?.finish(response);
  }
}
