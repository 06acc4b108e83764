import type { Server } from 'node:http';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from './config/config';
import { Drain } from './health/drain';
import { GrpcServer } from './inference/grpc/grpc-server';

type Signal = 'SIGTERM' | 'SIGINT';

/** One signal can arrive several times when it is sent to a process group and passed on as well. */
const REPEAT_MS = 500;

/** How often connections that have become idle are closed while the last requests are answered. */
const SWEEP_MS = 50;

/** With nothing left to answer, connections on which a request has only half come, or none, are given this long. */
const GRACE_MS = 1000;

/**
 * Ends the application on SIGTERM and SIGINT: not ready at once; after SIGTERM still serving for the drain delay, so
 * that load balancers notice; then what is in flight is finished, and the exit code is 0. A second signal ends it at
 * once.
 */
export function shutDownOnSignals(app: NestFastifyApplication, config: Config): void {
  let begun: number | undefined;
  const onSignal = (signal: Signal) => {
    if (begun === undefined) {
      begun = performance.now();
      void shutDown(app, signal === 'SIGTERM' ? config.drainDelayMs : 0);
    } else if (performance.now() - begun > REPEAT_MS) {
      process.exit(128 + constants.signals[signal]);
    }
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

async function shutDown(app: NestFastifyApplication, drainDelayMs: number): Promise<void> {
  const logger = new Logger('Shutdown');
  app.get(Drain).begin();
  logger.log(`not ready from now on; serving for ${drainDelayMs} ms more, then finishing what is in flight`);
  await delay(drainDelayMs);
  closeConnections(app.getHttpServer(), app.get(Drain));
  try {
    await Promise.all([app.close(), app.get(GrpcServer).close()]);
    process.exit(0);
  } catch (error) {
    logger.error(error);
    process.exit(1);
  }
}

/** Closes connections as they become idle; one that was busy would otherwise stay open for its keep-alive time. */
function closeConnections(server: Server, drain: Drain): void {
  let answeredAt = performance.now();
  setInterval(() => {
    server.closeIdleConnections();
    if (drain.unanswered > 0) answeredAt = performance.now();
    else if (performance.now() - answeredAt > GRACE_MS) server.closeAllConnections();
  }, SWEEP_MS).unref();
}
