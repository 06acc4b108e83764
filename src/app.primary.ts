import cluster from 'node:cluster';
import { printForPeople } from './app.print';
import type { Signals } from './app.signals';
import type { Config } from './config/config';
import { logFormOf } from './config/log-form';
import { LimitService } from './limits/processes/limit-service';
import { Log } from './observability/log/log';
import { Primary } from './processes/primary';
import { LineRelay } from './processes/line-relay';
import { MemoryReplies } from './rest/idempotency/memory-replies';
import { ReplyService } from './rest/idempotency/reply-service';

/**
 * Starts NEXUS_PROCESSES gateway processes, which share the ports, and replaces those that end. This process serves no
 * requests. It ends when all of them have, with their exit code.
 */
export function startAll(signals: Signals, config: Config): void {
  const { logger } = new Log(config.logLevel, logFormOf(config));
  const relay = new LineRelay();
  // On a terminal, processes write directly: it keeps lines whole, and selects the format of the log.
  const stdout = process.stdout.isTTY ? 'inherit' : 'pipe';
  cluster.setupPrimary({ serialization: 'advanced', stdio: ['ignore', stdout, 'inherit', 'ipc'] });
  const primary = new Primary(config.processes, servicesOf(config), {
    listening: printForPeople,
    ready: printForPeople,
    died: (index, cause, pauseMs) =>
      logger.error(
        { context: 'Processes' },
        `process ${index} ${cause}${pauseMs === Infinity ? '' : `; it is replaced in ${pauseMs} ms`}`,
      ),
    writes: (stream) => relay.add(stream),
    ended: (exitCode) => {
      relay.flush();
      process.exit(exitCode);
    },
  });
  signals.handle((signal) => primary.stop(signal));
  primary.start();
}

/** State that all gateway processes share, because a client may reach any of them. */
function servicesOf({ idempotencySize, idempotencyTtlS, cacheEntryLimit }: Config) {
  const replies = new MemoryReplies(idempotencySize, cacheEntryLimit, idempotencyTtlS * 1000);
  return { limits: new LimitService(), replies: new ReplyService(replies) };
}
