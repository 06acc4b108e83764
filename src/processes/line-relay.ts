import type { Readable } from 'node:stream';
import { destination } from 'pino';

const NEWLINE = 0x0a;

/**
 * Writes the lines of several streams to stdout, each line as a whole: what several processes write to one pipe can
 * interleave within a line. Streams are read only as fast as stdout takes their lines.
 */
export class LineRelay {
  private readonly output = destination({ dest: 1, sync: false, contentMode: 'buffer' });
  private readonly streams = new Set<Readable>();

  constructor() {
    const resume = () => this.streams.forEach((stream) => stream.resume());
    this.output.on('drain', resume);
    // If the reader of stdout has gone, lines are dropped: processes that wait for it could not even end.
    this.output.on('error', resume);
  }

  /** Writes the lines of `stream`, until it ends. */
  add(stream: Readable): void {
    let rest: Buffer[] = [];
    this.streams.add(stream);
    stream.on('data', (chunk: Buffer) => {
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end === 0) return void rest.push(chunk);
      const lines = Buffer.concat([...rest, chunk.subarray(0, end)]);
      rest = end < chunk.length ? [chunk.subarray(end)] : [];
      const written: unknown = this.output.write(lines as unknown as string);
      // Undefined once the reader has gone.
      if (written === false) this.streams.forEach((each) => each.pause());
    });
    stream.once('close', () => this.streams.delete(stream));
  }

  /** Writes what is buffered, for the end of the process. */
  flush(): void {
    this.output.flushSync();
  }
}
