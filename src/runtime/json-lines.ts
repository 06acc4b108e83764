import type { Socket } from 'node:net';

/** Longer than any message. A peer that sends a longer line is disconnected. */
const MAX_LINE = 16 * 2 ** 20;

/** Messages over a stream socket, as one JSON object per line. A line that is not an object closes the socket. */
export class JsonLines {
  private rest = '';

  /** @param receive called with every message that arrives. */
  constructor(
    private readonly socket: Socket,
    private readonly receive: (message: unknown) => void,
  ) {
    socket.setEncoding('utf8').on('data', (text: string) => this.read(text));
    // An error is followed by `close`, which callers listen to.
    socket.on('error', () => {});
  }

  /** Sends `message`. Does nothing if the other side has disconnected. */
  send(message: object): void {
    if (this.socket.writable) this.socket.write(`${JSON.stringify(message)}\n`);
  }

  private read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    if (this.rest.length > MAX_LINE) this.socket.destroy();
    for (const line of lines) {
      const message = parse(line);
      if (message === undefined) this.socket.destroy();
      else this.receive(message);
    }
  }
}

function parse(line: string): object | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    // Not sent by a peer of ours.
    return undefined;
  }
}
