import { NexusError } from './nexus-error.ts';

/** Whoever asks to wait for longer is not waited for, in milliseconds. */
const MAX_WAIT_MS = 60_000;

/** Waits without Retry-After start with this and double, in milliseconds. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;

/**
 * Milliseconds to wait before the next attempt after `error`: what Retry-After says, otherwise longer with each attempt, with
 * jitter. Undefined for an error that another attempt does not help, and when the server wants more than a minute.
 */
export function retryDelay(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof NexusError && isPassing(error))) return undefined;
  if (error.retryAfter === undefined) {
    return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
  }
  const asked = error.retryAfter * 1000;
  return asked <= MAX_WAIT_MS ? asked : undefined;
}

/** Seconds that a Retry-After header tells, as a number or a date (RFC 9110, section 10.2.3). */
export function retryAfterOf(headers: Headers): number | undefined {
  const text = headers.get('retry-after') ?? '';
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** Resolves after so many milliseconds. @throws the reason of `signal` when that is aborted before. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', leave);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', leave, { once: true });
  });
}

function isPassing({ status, code }: NexusError): boolean {
  return status === 429 || status === 503 || code === 'connection_failed';
}
