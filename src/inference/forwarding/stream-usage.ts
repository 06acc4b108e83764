import { bufferOf } from '../../common/buffer-of';
import { type CountedTokens, countedTokens } from './token-usage';
import type { UsageReader } from './usage-reader';

/** Longer lines are not read. */
const MAX_LINE = 64 * 1024;

const NEW_LINE = 0x0a;

/** A member with generated text that is not empty: of chat completions, completions, and deltas of responses. */
const TEXT = /"(?:content|text|delta|arguments|reasoning|reasoning_content|refusal)"\s*:\s*"[^"]/;

/** Events of responses that are no deltas repeat text, or describe the response. */
const REPEATED = /"type"\s*:\s*"response\.(?![\w.]*\bdelta")/;

/**
 * Reads `usage` in a stream of server-sent events: in the chunk of a chat completion, or in the event
 * `response.completed`. Streams of OpenAI have each event's data in one line.
 */
export class StreamUsage implements UsageReader {
  pieces = 0;
  /** The beginning of a line whose end has not arrived; undefined if it is too long. */
  private pending: Buffer | undefined = Buffer.alloc(0);
  /** The last event with a `usage` that is an object. */
  private latest = '';
  /** Number of line ends that follow each other at the end of what has been read. */
  private lineEnds = 2;

  get isBetweenEvents(): boolean {
    return this.lineEnds >= 2;
  }

  push(chunk: Uint8Array): void {
    const bytes = bufferOf(chunk);
    this.lineEnds = lineEndsOf(bytes, this.lineEnds);
    let start = 0;
    for (let end = bytes.indexOf(NEW_LINE); end >= 0; end = bytes.indexOf(NEW_LINE, start)) {
      const { pending } = this;
      if (pending !== undefined && pending.length + end - start <= MAX_LINE) {
        const line = bytes.subarray(start, end);
        this.line(pending.length === 0 ? line : Buffer.concat([pending, line]));
      }
      this.pending = EMPTY;
      start = end + 1;
    }
    if (start === bytes.length || this.pending === undefined) return;
    const rest = this.pending.length + bytes.length - start;
    this.pending = rest > MAX_LINE ? undefined : Buffer.concat([this.pending, bytes.subarray(start)]);
  }

  usage(): CountedTokens | undefined {
    if (this.latest === '') return undefined;
    try {
      const event = JSON.parse(this.latest) as { usage?: unknown; response?: { usage?: unknown } };
      return countedTokens(event.usage ?? event.response?.usage);
    } catch {
      return undefined;
    }
  }

  private line(line: Buffer): void {
    // Everything else is an empty line, a comment, or the name of an event.
    if (line[0] !== 0x64 || line[4] !== 0x3a) return;
    const data = line.toString('latin1', 5);
    if (TEXT.test(data) && !REPEATED.test(data)) this.pieces++;
    const at = data.lastIndexOf('"usage"');
    if (at >= 0 && /^\s*:\s*\{/.test(data.slice(at + 7, at + 27))) this.latest = data;
  }
}

const EMPTY = Buffer.alloc(0);

/** Number of line ends at the end of `bytes`, of which `before` precede it. The two bytes of a CRLF are one. */
function lineEndsOf(bytes: Buffer, before: number): number {
  let count = 0;
  let index = bytes.length - 1;
  while (index >= 0 && (bytes[index] === NEW_LINE || bytes[index] === 0x0d)) {
    if (bytes[index] === NEW_LINE) count++;
    index--;
  }
  return index < 0 ? before + count : count;
}
