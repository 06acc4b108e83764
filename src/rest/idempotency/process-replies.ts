import type { Siblings } from '../../common/siblings';
import type { EncodedResponse } from '../codec/messages';
import type { Known, Replies } from './replies';
import { decodeReply, encodeReply, replyBytes } from './reply-bytes';
import type { KnownReply, ReplyQuestion } from './reply-service';

/** Stores responses in the first process, for all gateway processes on this machine. */
export class ProcessReplies implements Replies {
  /** @param maxEntryBytes larger responses are not stored. */
  constructor(
    private readonly siblings: Siblings,
    private readonly maxEntryBytes: number,
  ) {}

  async begin(key: string, fingerprint: string): Promise<Known> {
    const known = (await this.ask({ key, fingerprint })) as KnownReply;
    if (known.state === 'done') {
      const { buffer, byteOffset, byteLength } = known.reply;
      return { state: 'done', response: decodeReply(Buffer.from(buffer, byteOffset, byteLength))! };
    }
    if (known.state !== 'new') return { state: known.state };
    const end = async (reply: Uint8Array | undefined) => void (await this.ask({ run: known.run, reply }));
    return {
      state: 'new',
      run: {
        abandon: () => end(undefined),
        finish: (response: EncodedResponse) =>
          end(replyBytes(response) > this.maxEntryBytes ? undefined : encodeReply(response)),
      },
    };
  }

  private ask(question: ReplyQuestion): Promise<unknown> {
    return this.siblings.ask('replies', question);
  }
}
