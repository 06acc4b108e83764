import type { Socket } from 'node:net';

/** Longer than any message: whoever sends more is not understood. */
const MAX_LINE = 16 * 2 ** 20;

/** Messages over a stream socket: JSON, one a line. */
export class JsonLines {
  private rest = '';

  /** @param receive is given every message that comes. */
  constructor(
    private readonly socket: Socket,
    private readonly receive: (message: unknown) => void,
  ) {
    socket.setEncoding('utf8').on('data', (text: string) => this.read(text));
    // A socket that breaks is closed next, which is what is listened to.
    socket.on('error', () => {});
  }

  /** Sends `message`; to nobody when the other side has gone. */
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
    // Not one of ours.
    return undefined;
  }
}
