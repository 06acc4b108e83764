import cluster from 'node:cluster';
import { printForPeople } from './app.print';
import type { Signals } from './app.signals';
import type { Config } from './config/config';
import { logFormOf } from './config/log-form';
import { LimitService } from './limits/processes/limit-service';
import { Log } from './observability/log/log';
import { Crew } from './processes/crew';
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
  // A terminal keeps lines whole, and decides their form.
  const stdout = process.stdout.isTTY ? 'inherit' : 'pipe';
  cluster.setupPrimary({ serialization: 'advanced', stdio: ['ignore', stdout, 'inherit', 'ipc'] });
  const crew = new Crew(config.processes, servicesOf(config), {
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
  signals.handle((signal) => crew.stop(signal));
  crew.start();
}

/** What must be the same for all processes, whichever of them a client reaches. */
function servicesOf({ idempotencySize, idempotencyTtlS, cacheEntryLimit }: Config) {
  const replies = new MemoryReplies(idempotencySize, cacheEntryLimit, idempotencyTtlS * 1000);
  return { limits: new LimitService(), replies: new ReplyService(replies) };
}
