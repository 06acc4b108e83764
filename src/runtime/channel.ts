import { connect, type Socket } from 'node:net';
import { FrameReader, MalformedFrame, type Frame } from './frames';

/** Bytes to read at once. */
const READ_BYTES = 1 << 16;

/** Receives the events of a channel. */
export interface ChannelObserver {
  /** @throws MalformedFrame to close the channel. */
  received(frame: Frame): void;
  /** The channel is closed. No event follows. @param error undefined if it was closed by either side. */
  closed(error: Error | undefined): void;
}

/** Gateway side of the connection to a runner. Transfers frames. A malformed frame closes it. */
export class Channel {
  private readonly socket: Socket;
  private readonly reader = new FrameReader();
  private error: Error | undefined;

  /** Connects to `path` and sends `token`. */
  constructor(
    path: string,
    token: string,
    private readonly observer: ChannelObserver,
  ) {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (count: number) => {
      this.read(buffer.subarray(0, count));
      return true;
    };
    // One buffer for all reads: data events would allocate one for each.
    this.socket = connect({ path, onread: { buffer, callback } });
    this.socket.on('error', (error) => (this.error = error));
    this.socket.once('close', () => observer.closed(this.error));
    this.socket.write(token);
  }

  /** Whether bytes that were sent are still used. */
  get isSending(): boolean {
    return this.socket.writableLength > 0;
  }

  /** Sends a frame. Its bytes must not change while {@link isSending}. Does nothing if the connection is closed. */
  send(frame: Uint8Array): void {
    if (this.socket.writable) this.socket.write(frame);
  }

  /** Closes the connection. */
  close(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    try {
      this.reader.push(chunk);
      for (let frame = this.reader.next(); frame !== undefined; frame = this.reader.next())
        this.observer.received(frame);
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error;
      this.close();
    }
  }
}
