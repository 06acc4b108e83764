import type { Server } from 'node:net';
import { Logger } from '@nestjs/common';
import { openFileLimit, SMALL_LIMIT } from './common/open-file-limit';
import type { ConnectionMetrics } from './observability/metrics/connection-metrics';

/**
 * Minimum number of descriptors reserved for the gateway's own files, threads and runners, which use two each. The
 * reserve is a quarter of the limit, if that is more.
 */
const LEAST_RESERVE = 96;

/** Minimum interval between warnings about refused connections. */
const WARN_EVERY_MS = 60_000;

/** Keeps client connections, HTTP and gRPC together, from using up the descriptors of the process. */
export class Connections {
  private readonly logger = new Logger('Connections');
  private warnedAt = -Infinity;
  private unreported = 0;

  private constructor(
    private readonly limit: number,
    private readonly metrics: ConnectionMetrics,
  ) {}

  /** @param limit maximum number of connections; 0 derives it from the limit of open files. */
  static async upTo(limit: number, metrics: ConnectionMetrics): Promise<Connections> {
    const files = await openFileLimit();
    const connections = new Connections(limit > 0 ? limit : fitting(files), metrics);
    connections.warnOf(files);
    return connections;
  }

  /** Counts the connections of `server`, and closes new ones on arrival while the limit is reached. */
  count(server: Server): void {
    server.on('connection', (socket) => {
      this.metrics.open++;
      socket.once('close', () => this.metrics.open--);
    });
    server.on('drop', () => this.refused());
    // Accepting fails if the process runs out of descriptors anyway.
    server.on('error', () => server.listening && this.refused());
    Object.defineProperty(server, 'maxConnections', {
      get: () => (this.metrics.open >= this.limit ? 0 : undefined),
    });
  }

  private refused(): void {
    this.metrics.refused();
    this.unreported++;
    const now = performance.now();
    if (now - this.warnedAt < WARN_EVERY_MS) return;
    this.logger.warn(
      `${this.unreported} connections refused since the last warning; ${this.metrics.open} are open, the limit (NEXUS_MAX_CONNECTIONS) is ${this.limit}`,
    );
    this.warnedAt = now;
    this.unreported = 0;
  }

  private warnOf(files: number): void {
    const isTight = this.limit > files - LEAST_RESERVE;
    if (files >= SMALL_LIMIT && !isTight) return;
    this.logger.warn(
      `the limit of open files is ${files}, for up to ${this.limit} connections${isTight ? ', which leaves too few for runners' : ''}; raise it (ulimit -n 65536, LimitNOFILE=65536 in systemd, docker run --ulimit nofile=65536)${isTight ? ', or lower NEXUS_MAX_CONNECTIONS' : ''}`,
    );
  }
}

function fitting(files: number): number {
  return Math.max(1, Math.floor(Math.min(files - LEAST_RESERVE, (files * 3) / 4)));
}
