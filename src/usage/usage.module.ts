import { Module } from '@nestjs/common';
import { Siblings } from '../common/siblings';
import { Config } from '../config/config';
import { Metrics } from '../observability/metrics/metrics';
import { registerScraped } from '../observability/metrics/scraped';
import { Redis } from '../redis/redis';
import { RedisModule } from '../redis/redis.module';
import { RedisUsageStore } from './redis/redis-usage-store';
import { SqliteUsageStore } from './sqlite/sqlite-usage-store';
import { UsageLedger } from './usage-ledger';
import { UsageMetrics } from './usage-metrics';
import { UsageRecords } from './usage-records';

/** Counts what each client uses. Imports Redis, so that Redis closes only after the last counts. */
@Module({
  imports: [RedisModule],
  providers: [
    { provide: UsageLedger, inject: [Metrics], useFactory: createLedger },
    { provide: UsageRecords, inject: [UsageLedger, Redis, Config, Siblings], useFactory: createRecords },
  ],
  exports: [UsageLedger, UsageRecords],
})
export class UsageModule {}

function createLedger({ registry }: Metrics): UsageLedger {
  const ledger = new UsageLedger(new UsageMetrics(registry).totalOf);
  registerScraped(registry, {
    name: 'nexus_usage_lost_requests_total',
    help: 'Requests missing from usage, because it could not be written for too long.',
    type: 'counter',
    read: () => [{ labels: {}, value: ledger.lost }],
  });
  return ledger;
}

function createRecords(
  ledger: UsageLedger,
  { connection }: Redis,
  { usageFile }: Config,
  siblings: Siblings,
): UsageRecords {
  const store = connection === undefined ? new SqliteUsageStore(usageFile) : new RedisUsageStore(connection);
  return new UsageRecords(ledger, store, siblings);
}
