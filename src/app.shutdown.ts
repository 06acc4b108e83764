import type { Server } from 'node:http';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Faults } from './app.faults';
import type { Signals } from './app.signals';
import type { Config } from './config/config';
import { Drain } from './health/drain';
import { GrpcServer } from './transport/grpc/grpc-server';

/** One signal can arrive several times when it is sent to a process group and passed on as well. */
const REPEAT_MS = 500;

/** Clients that send one request after another are told to connect anew at least so long before connections are closed. */
const TELL_MS = 100;

/** How often connections that have become idle are closed while the last requests are answered. */
const SWEEP_MS = 50;

/**
 * With nothing left to answer, connections on which nothing more comes, of a request that has half come or of none, are
 * given this long.
 */
const GRACE_MS = 1000;

/** Bodies that keep coming are waited for so long; and so are clients that do not read on. */
const PATIENCE_MS = 10_000;

/** A process whose state is in doubt finishes what is in flight for so long at most. */
const DOUBT_MS = 10_000;

/**
 * Ends the application on SIGTERM and SIGINT: not ready at once; after SIGTERM still serving for the drain delay, so
 * that load balancers notice; then what is in flight is finished, and the exit code is 0. A second signal ends it at
 * once. A fault that leaves its state in doubt ends it in the same way, but soon and with exit code 1.
 */
export function shutDownOn(
  signals: Signals,
  faults: Faults,
  app: NestFastifyApplication,
  config: Config,
): void {
  let begun: number | undefined;
  let exitCode = 0;
  const begin = (drainDelayMs: number) => {
    begun = performance.now();
    void shutDown(app, drainDelayMs, () => process.exit(exitCode));
  };
  signals.handle((signal) => {
    if (begun === undefined) begin(signal === 'SIGTERM' ? config.drainDelayMs : 0);
    else if (performance.now() - begun > REPEAT_MS) process.exit(128 + constants.signals[signal]);
  });
  faults.handle(() => {
    if (exitCode === 0) setTimeout(() => process.exit(1), DOUBT_MS);
    exitCode = 1;
    if (begun === undefined) begin(0);
  });
}

async function shutDown(app: NestFastifyApplication, drainDelayMs: number, end: () => void): Promise<void> {
  const logger = new Logger('Shutdown');
  try {
    app.get(Drain).begin();
    logger.log(
      `not ready from now on; serving for ${drainDelayMs} ms more, then finishing what is in flight`,
    );
    await delay(Math.max(drainDelayMs, TELL_MS));
    closeConnections(app.getHttpServer(), app.get(Drain));
    await Promise.all([app.close(), app.get(GrpcServer).close()]);
    end();
  } catch (error) {
    logger.error(error);
    process.exit(1);
  }
}

/**
 * Closes connections as they become idle; one that was busy would otherwise stay open for its keep-alive time. Bodies
 * that do not come to an end are answered as well.
 */
function closeConnections(server: Server, drain: Drain): void {
  const begun = performance.now();
  let busyAt = begun;
  let moved = 0;
  setInterval(() => {
    server.closeIdleConnections();
    const now = performance.now();
    const isMoving = moved !== (moved = drain.movedBytes);
    if (drain.isWorking || (isMoving && now - begun < PATIENCE_MS)) busyAt = now;
    else if (now - busyAt > (drain.unanswered > 0 ? PATIENCE_MS : 2 * GRACE_MS)) server.closeAllConnections();
    else if (now - busyAt > GRACE_MS) drain.refuseUploads();
  }, SWEEP_MS).unref();
}
