import { setTimeout as delay } from 'node:timers/promises';

/** Limits the bytes a second of several downloads together. */
export class ByteRate {
  private freeAt = 0;

  /** @param bytesPerSecond 0 for no limit. */
  constructor(private readonly bytesPerSecond: number) {}

  /** Resolves when `bytes`, which have been received, fit the rate. */
  async take(bytes: number): Promise<void> {
    if (this.bytesPerSecond === 0) return;
    const now = performance.now();
    this.freeAt = Math.max(now, this.freeAt) + (bytes * 1000) / this.bytesPerSecond;
    if (this.freeAt > now) await delay(this.freeAt - now);
  }
}
