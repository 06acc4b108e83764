import { wantedNames } from './json-bytes';
import { MemberScanner } from './member-scanner';
import { type CountedTokens, countedTokens } from './token-usage';
import type { UsageReader } from './usage-reader';

/** Longer responses are not read, because their usage is not worth the time. */
const MAX_BYTES = 1024 * 1024;

/** Maximum size of a `usage` object in bytes. */
const MAX_USAGE = 16 * 1024;

const WANTED = wantedNames(['usage']);

/** Finds `usage` in a JSON response. */
export class AnswerUsage implements UsageReader {
  readonly pieces = 0;
  readonly isBetweenEvents = false;
  private scanner: MemberScanner | undefined = new MemberScanner(WANTED);
  private received = 0;
  /** The bytes of `usage` so far. */
  private text: Buffer[] = [];

  push(chunk: Uint8Array): void {
    const { scanner } = this;
    if (scanner === undefined) return;
    const before = this.received;
    this.received += chunk.length;
    if (this.received > MAX_BYTES) return this.stop();
    try {
      scanner.push(chunk);
    } catch {
      // It is not JSON. The client receives it as it is.
      return this.stop();
    }
    const span = scanner.members.get('usage');
    if (span === undefined) return;
    if (span.start >= before) this.text = [];
    const end = span.end === 0 ? this.received : span.end;
    if (end - span.start > MAX_USAGE) return this.stop();
    if (end > before)
      this.text.push(Buffer.from(chunk.subarray(Math.max(span.start - before, 0), end - before)));
  }

  usage(): CountedTokens | undefined {
    if (this.text.length === 0) return undefined;
    try {
      return countedTokens(JSON.parse(Buffer.concat(this.text).toString('utf8')));
    } catch {
      return undefined;
    }
  }

  private stop(): void {
    this.scanner = undefined;
    this.text = [];
  }
}
