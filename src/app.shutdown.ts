import type { Server } from 'node:http';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { httpServersOf } from './app.admin';
import type { Faults } from './app.faults';
import type { Signals } from './app.signals';
import type { Config } from './config/config';
import { Drain } from './health/drain';
import { Tracing } from './observability/tracing/tracing';
import { GrpcServer } from './transport/grpc/grpc-server';

/** A signal sent to a process group and also forwarded arrives twice; repeats within this time are ignored. */
const REPEAT_MS = 500;

/** Minimum time between the first `Connection: close` header and the closing of connections. */
const CLOSE_NOTICE_MS = 100;

/** How often idle connections are closed while the last requests are answered. */
const SWEEP_MS = 50;

/** When no responses are pending, how long connections without traffic stay open, for example in the middle of a request. */
const GRACE_MS = 1000;

/** How long to wait for bodies that are still arriving, and for clients that have stopped reading. */
const PATIENCE_MS = 10_000;

/** Maximum time to finish the requests in flight after a fault. */
const FAULT_EXIT_MS = 10_000;

/**
 * Ends the application on SIGTERM and SIGINT. It reports not ready immediately and, after SIGTERM, continues to serve
 * for the drain delay, so that load balancers notice. Then it finishes the requests in flight and exits with code 0. A
 * second signal ends it immediately. A fault that may have corrupted its state ends it without the delay, with code 1.
 */
export function shutDownOn(
  signals: Signals,
  faults: Faults,
  app: NestFastifyApplication,
  config: Config,
): void {
  let beganAt: number | undefined;
  let exitCode = 0;
  const begin = (drainDelayMs: number) => {
    beganAt = performance.now();
    void shutDown(app, drainDelayMs, () => process.exit(exitCode));
  };
  signals.handle((signal) => {
    if (beganAt === undefined) begin(signal === 'SIGTERM' ? config.drainDelayMs : 0);
    else if (performance.now() - beganAt > REPEAT_MS) process.exit(128 + constants.signals[signal]);
  });
  faults.handle(() => {
    if (exitCode === 0) setTimeout(() => process.exit(1), FAULT_EXIT_MS);
    exitCode = 1;
    if (beganAt === undefined) begin(0);
  });
}

async function shutDown(app: NestFastifyApplication, drainDelayMs: number, end: () => void): Promise<void> {
  const logger = new Logger('Shutdown');
  try {
    app.get(Drain).begin();
    logger.log(
      `shutting down: not ready; continuing to serve for ${drainDelayMs} ms, then finishing the requests in flight`,
    );
    await delay(Math.max(drainDelayMs, CLOSE_NOTICE_MS));
    closeConnections(httpServersOf(app), app.get(Drain));
    await Promise.all([app.close(), app.get(GrpcServer).close()]);
    await app.get(Tracing).close();
    end();
  } catch (error) {
    logger.error(error);
    process.exit(1);
  }
}

/**
 * Closes connections as they become idle. Otherwise a busy connection would stay open for its keep-alive time.
 * Requests whose body does not arrive completely are rejected.
 */
function closeConnections(servers: readonly Server[], drain: Drain): void {
  const beganAt = performance.now();
  let busyAt = beganAt;
  let moved = 0;
  setInterval(() => {
    for (const server of servers) server.closeIdleConnections();
    const now = performance.now();
    const isMoving = moved !== (moved = drain.movedBytes);
    if (drain.isWorking || (isMoving && now - beganAt < PATIENCE_MS)) busyAt = now;
    else if (now - busyAt > (drain.unanswered > 0 ? PATIENCE_MS : 2 * GRACE_MS))
      for (const server of servers) server.closeAllConnections();
    else if (now - busyAt > GRACE_MS) drain.refuseUploads();
  }, SWEEP_MS).unref();
}
