import { Injectable } from '@nestjs/common';
import { NexusError } from '../common/nexus-error';
import type { Caller } from '../identity/caller';
import { HOUR_S } from '../usage/usage';
import { UsageRecords } from '../usage/usage-records';
import type { ConsoleUsage } from './console.dto';
import { seesAllClients } from './frame';

const MAX_CLIENTS = 20;

/** Maximum number of rows to add up, of which an hour has one for each client and model. */
const MAX_ROWS = 5000;

/** Reading writes what was counted since the last time, so it is not done every second. */
const REFRESH_MS = 5000;

/** The clients with the most requests in this hour. */
@Injectable()
export class TopClients {
  private readAt = -Infinity;
  private latest: Promise<readonly ConsoleUsage[]> = Promise.resolve([]);

  constructor(private readonly records: UsageRecords) {}

  /** At most 20 clients, up to five seconds old; none for a caller that may not see them, or while usage cannot be read. */
  async seenBy(caller: Caller): Promise<readonly ConsoleUsage[]> {
    if (!seesAllClients(caller)) return [];
    const now = performance.now();
    if (now - this.readAt > REFRESH_MS) {
      this.readAt = now;
      this.latest = this.read(caller).catch((error) => {
        // Logged where it failed.
        if (error instanceof NexusError) return [];
        throw error;
      });
    }
    return this.latest;
  }

  private async read(caller: Caller): Promise<readonly ConsoleUsage[]> {
    const to = Math.floor(Date.now() / 1000) + 1;
    const rows = await this.records.read(
      {
        from: Math.floor(Date.now() / 1000 / HOUR_S) * HOUR_S,
        to,
        by: 'hour',
        tenant: undefined,
        key: undefined,
        model: undefined,
        after: undefined,
        limit: MAX_ROWS,
      },
      caller,
    );
    const clients = new Map<string, ConsoleUsage>();
    for (const { tenant, key, requests, failed_requests, rows: sent, tokens } of rows) {
      const id = JSON.stringify([tenant, key]);
      const before = clients.get(id) ?? { tenant, key, requests: 0, failed_requests: 0, rows: 0, tokens: 0 };
      clients.set(id, {
        tenant,
        key,
        requests: before.requests + requests,
        failed_requests: before.failed_requests + failed_requests,
        rows: before.rows + sent,
        tokens: before.tokens + tokens,
      });
    }
    return [...clients.values()]
      .toSorted((one, other) => other.requests - one.requests)
      .slice(0, MAX_CLIENTS);
  }
}
