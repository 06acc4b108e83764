/** The compression flag and the length of the message. */
const HEAD_BYTES = 5;

/** Receives the boundaries of the messages in a stream of bytes. */
export interface MessageListener {
  /** A message of `length` bytes begins. */
  begins(length: number): void;
  /** The current message is complete. */
  ends(): void;
}

/** Finds where gRPC messages begin and end in the bytes of a stream, without buffering them. */
export class MessageHeads {
  private headRead = 0;
  private length = 0;
  private remaining = 0;

  constructor(private readonly listener: MessageListener) {}

  take(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.headRead < HEAD_BYTES) this.head(chunk[at++]!);
      else at += this.body(chunk.length - at);
    }
  }

  private head(byte: number): void {
    // The first byte is the compression flag.
    this.length = this.headRead === 0 ? 0 : this.length * 256 + byte;
    this.headRead++;
    if (this.headRead < HEAD_BYTES) return;
    this.remaining = this.length;
    this.listener.begins(this.length);
    if (this.remaining === 0) this.end();
  }

  /** @returns the number of `available` bytes that belong to the message. */
  private body(available: number): number {
    const taken = Math.min(available, this.remaining);
    this.remaining -= taken;
    if (this.remaining === 0) this.end();
    return taken;
  }

  private end(): void {
    this.headRead = 0;
    this.listener.ends();
  }
}
