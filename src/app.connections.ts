import { readFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { Logger } from '@nestjs/common';
import type { ConnectionMetrics } from './observability/metrics/connection-metrics';

/** Descriptors kept for the gateway's own files, threads and runners, of which each takes two: a quarter, and at least this many. */
const LEAST_RESERVE = 96;

/** Below this limit of open files, the operator is told. */
const SMALL_LIMIT = 1024;

/** Refused connections are told of in the log once in this time at most. */
const TELL_EVERY_MS = 60_000;

/** Keeps connections of clients, over HTTP and gRPC together, from using up the descriptors of the process. */
export class Connections {
  private readonly logger = new Logger('Connections');
  private toldAt = -Infinity;
  private untold = 0;

  private constructor(
    private readonly limit: number,
    private readonly metrics: ConnectionMetrics,
  ) {}

  /** @param most most connections; 0 has the limit of open files tell it. */
  static async upTo(most: number, metrics: ConnectionMetrics): Promise<Connections> {
    const files = await openFileLimit();
    const connections = new Connections(most > 0 ? most : fitting(files), metrics);
    connections.warnOf(files);
    return connections;
  }

  /** Counts the connections of `server`, and closes new ones at once when there are too many. */
  count(server: Server): void {
    server.on('connection', (socket) => {
      this.metrics.open++;
      socket.once('close', () => this.metrics.open--);
    });
    server.on('drop', () => this.refused());
    // Out of descriptors all the same, it fails to accept.
    server.on('error', () => server.listening && this.refused());
    Object.defineProperty(server, 'maxConnections', {
      get: () => (this.metrics.open >= this.limit ? 0 : undefined),
    });
  }

  private refused(): void {
    this.metrics.refused();
    this.untold++;
    const now = performance.now();
    if (now - this.toldAt < TELL_EVERY_MS) return;
    this.logger.warn(
      `${this.untold} connections refused since the last time this was told: ${this.metrics.open} are open, and NEXUS_MAX_CONNECTIONS is ${this.limit}`,
    );
    this.toldAt = now;
    this.untold = 0;
  }

  private warnOf(files: number): void {
    const isTight = this.limit > files - LEAST_RESERVE;
    if (files >= SMALL_LIMIT && !isTight) return;
    this.logger.warn(
      `the limit of open files is ${files}, and there may be ${this.limit} connections${isTight ? ', which leaves too few for runners' : ''}; raise it (ulimit -n 65536, LimitNOFILE=65536 in systemd, docker run --ulimit nofile=65536)${isTight ? ', or lower NEXUS_MAX_CONNECTIONS' : ''}`,
    );
  }
}

function fitting(files: number): number {
  return Math.max(1, Math.floor(Math.min(files - LEAST_RESERVE, (files * 3) / 4)));
}

/** Most descriptors of this process; Node has raised the soft limit to the hard one. Infinity where the system does not tell. */
async function openFileLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
}
