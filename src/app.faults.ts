import { Logger } from '@nestjs/common';
import { NexusError } from './common/errors';
import { RunFailure } from './runtime/run-failure';

/** Calls on connections. One that fails ends its stream, and nothing else is in doubt. */
const STREAM_CALLS: ReadonlySet<string | undefined> = new Set([
  'accept',
  'connect',
  'read',
  'shutdown',
  'write',
]);

/**
 * Logs every error that was thrown, or that a promise was rejected with, and that nobody took. Most of them end nothing;
 * after one that leaves the state of the process in doubt, the process is to end.
 */
export class Faults {
  private readonly logger = new Logger('Faults');
  private end = (): void => process.exit(1);

  constructor() {
    process.on('uncaughtException', (error) => this.report(error, isOfStream(error)));
    process.on('unhandledRejection', (error) => this.report(error, isForeseen(error)));
  }

  /** Calls `end` from now on when the process is to end; it is called for each error that asks for it. */
  handle(end: () => void): void {
    this.end = end;
  }

  private report(error: unknown, isHarmless: boolean): void {
    const err = error instanceof Error ? error : new Error(String(error));
    if (isHarmless) return this.logger.error({ msg: 'nobody took an error, which ends nothing', err });
    this.logger.fatal({ msg: 'nobody took an error; the process finishes what is in flight, and ends', err });
    this.end();
  }
}

function isOfStream(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return STREAM_CALLS.has(syscall) || code === 'EPIPE' || code === 'ECONNRESET';
}

/** Whether `error` was meant for a caller, or is the system's: whoever threw it had nothing left to put right. */
function isForeseen(error: unknown): boolean {
  const { errno } = (error ?? {}) as NodeJS.ErrnoException;
  return (
    errno !== undefined || error instanceof NexusError || error instanceof RunFailure || isOfStream(error)
  );
}
