import { Logger } from '@nestjs/common';
import { NexusError } from './common/nexus-error';
import { RunFailure } from './runtime/run-failure';

/** System calls on connections. If one fails, only its stream is affected. */
const STREAM_CALLS: ReadonlySet<string | undefined> = new Set([
  'accept',
  'connect',
  'read',
  'shutdown',
  'write',
]);

/**
 * Logs uncaught exceptions and unhandled rejections. The process continues after most of them; after an error that may
 * have corrupted its state, the process must end.
 */
export class Faults {
  private readonly logger = new Logger('Faults');
  private end = (): void => process.exit(1);

  constructor() {
    process.on('uncaughtException', (error) => this.report(error, isOfStream(error)));
    process.on('unhandledRejection', (error) => this.report(error, isForeseen(error)));
  }

  /** Sets the function that ends the process. It is called for every error after which the process must end. */
  handle(end: () => void): void {
    this.end = end;
  }

  private report(error: unknown, isHarmless: boolean): void {
    const err = error instanceof Error ? error : new Error(String(error));
    if (isHarmless) return this.logger.error({ msg: 'unhandled error; the process continues', err });
    this.logger.fatal({
      msg: 'unhandled error; the process finishes the requests in flight and exits',
      err,
    });
    this.end();
  }
}

function isOfStream(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return STREAM_CALLS.has(syscall) || code === 'EPIPE' || code === 'ECONNRESET';
}

/** Whether `error` is an expected one, meant for a client or from the system, after which no state is in doubt. */
function isForeseen(error: unknown): boolean {
  const { errno } = (error ?? {}) as NodeJS.ErrnoException;
  return (
    errno !== undefined || error instanceof NexusError || error instanceof RunFailure || isOfStream(error)
  );
}
