/** Collects chunks of bytes. A single chunk is kept as it is; several are copied into one buffer as they arrive. */
export class GrowingBytes {
  private buffer: Buffer = Buffer.alloc(0);
  length = 0;

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** @param announced total size in bytes; NaN if unknown. */
  append(chunk: Buffer, announced: number): void {
    const start = this.length;
    this.length += chunk.length;
    if (start === 0) {
      this.buffer = chunk;
      return;
    }
    if (this.length > this.buffer.length) this.grow(announced || 2 * this.length, start);
    chunk.copy(this.buffer, start);
  }

  private grow(size: number, used: number): void {
    const larger = Buffer.allocUnsafeSlow(size);
    this.buffer.copy(larger, 0, 0, used);
    this.buffer = larger;
  }
}
