const BUCKET_MS = 100;

/** Buckets that lie entirely in the last 10 s, the current one included. */
const WHOLE = 100;

/** Retries as a part of the requests. */
const PART = 0.2;

/** Retries that are allowed in 10 s with few requests: 3 a second. */
const LEAST = 30;

/**
 * Limits the retries of the last 10 s to 20 % of the requests of that time, or to 3 a second if that is more. So retries
 * cannot multiply the load when many requests fail.
 */
export class RetryBudget {
  /** One bucket more than {@link WHOLE}: retries of the oldest, which is partly in the window, still count. */
  private readonly requests = new Uint32Array(WHOLE + 1);
  private readonly retries = new Uint32Array(WHOLE + 1);
  private requestSum = 0;
  private retrySum = 0;
  private current = -Infinity;

  /** Counts a request, whose retries are then allowed. @param now in milliseconds, never less than before. */
  count(now: number): void {
    this.requests[this.advance(now)]!++;
    this.requestSum++;
  }

  /** Counts a retry, if one is allowed. @param now in milliseconds, never less than before. */
  take(now: number): boolean {
    const at = this.advance(now);
    if (this.retrySum + 1 > Math.max(LEAST, PART * this.requestSum)) return false;
    this.retries[at]!++;
    this.retrySum++;
    return true;
  }

  /** Forgets what is too old. @returns the place of the current bucket. */
  private advance(now: number): number {
    const bucket = Math.floor(now / BUCKET_MS);
    if (bucket - this.current > WHOLE) this.clear(bucket);
    while (this.current < bucket) {
      this.current++;
      const place = placeOf(this.current);
      this.retrySum -= this.retries[place]!;
      this.requestSum -= this.requests[placeOf(this.current - WHOLE)]!;
      this.retries[place] = 0;
      this.requests[place] = 0;
    }
    return placeOf(bucket);
  }

  private clear(bucket: number): void {
    this.requests.fill(0);
    this.retries.fill(0);
    this.requestSum = 0;
    this.retrySum = 0;
    this.current = bucket;
  }
}

function placeOf(bucket: number): number {
  return (bucket + WHOLE + 1) % (WHOLE + 1);
}
