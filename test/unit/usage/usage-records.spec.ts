import { Logger } from '@nestjs/common';
import { KnownCaller, type Grant } from '../../../src/identity/known-caller';
import { Stranger } from '../../../src/identity/stranger';
import { UNLIMITED } from '../../../src/limits/quota';
import { noUsage, type UsageRow } from '../../../src/usage/usage';
import { UsageLedger } from '../../../src/usage/usage-ledger';
import { UsageRecords } from '../../../src/usage/usage-records';
import {
  MAX_BATCH_ROWS,
  type UsageBatch,
  type UsageQuery,
  type UsageStore,
} from '../../../src/usage/usage-store';
import { row, select } from './rows';

/** A store that fails while `failure` is set. */
class Store implements UsageStore {
  readonly isShared = true;
  readonly batches: UsageBatch[] = [];
  readonly attempts: UsageBatch[] = [];
  readonly queries: UsageQuery[] = [];
  failure: Error | undefined;
  isClosed = false;

  async open(): Promise<void> {}

  async add(batch: UsageBatch): Promise<void> {
    this.attempts.push(batch);
    if (this.failure !== undefined) throw this.failure;
    this.batches.push(batch);
  }

  async read(query: UsageQuery): Promise<UsageRow[]> {
    if (this.failure !== undefined) throw this.failure;
    this.queries.push(query);
    return [row(0, this.requests)];
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  get requests(): number {
    return this.batches.flatMap(({ rows }) => rows).reduce((sum, { requests }) => sum + requests, 0);
  }
}

const callerOf = (more: Partial<Grant>) =>
  new KnownCaller({ key: 'k', tenant: 't', scopes: ['read'], models: ['*'], quotas: UNLIMITED, ...more });
const ADMIN = callerOf({ scopes: ['admin'] });

let store: Store;
let ledger: UsageLedger;
let records: UsageRecords;
const written: string[] = [];

beforeEach(() => {
  jest.useFakeTimers();
  for (const level of ['log', 'warn', 'error'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation((...[line]: unknown[]) => {
      written.push(`${level} ${typeof line === 'string' ? line : JSON.stringify(line)}`);
    });
  written.length = 0;
  store = new Store();
  const total = noUsage();
  ledger = new UsageLedger(() => total);
  records = new UsageRecords(ledger, store);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

const requestsSeen = async () => (await records.read(select(), ADMIN))[0]!.requests;

it('writes once a second while there is something to write', async () => {
  ledger.failed(ADMIN, 'm');
  ledger.failed(ADMIN, 'm');
  await jest.advanceTimersByTimeAsync(999);
  expect(store.batches).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(store.batches).toMatchObject([{ number: 1, rows: [{ tenant: 't', key: 'k', requests: 2 }] }]);
  await jest.advanceTimersByTimeAsync(5000);
  expect(store.batches).toHaveLength(1);
  expect(jest.getTimerCount()).toBe(0);
  ledger.failed(ADMIN, 'm');
  await jest.advanceTimersByTimeAsync(1000);
  expect(store.batches).toMatchObject([{ number: 1 }, { number: 2, rows: [{ requests: 1 }] }]);
});

it('reads include what was counted a moment ago, even during a write', async () => {
  ledger.failed(ADMIN, 'm');
  const first = requestsSeen();
  ledger.failed(ADMIN, 'm');
  expect(await requestsSeen()).toBe(2);
  await first;
});

it('writes many rows in batches', async () => {
  for (let index = 0; index <= MAX_BATCH_ROWS; index++) ledger.failed(ADMIN, `m${index}`);
  await jest.advanceTimersByTimeAsync(1000);
  expect(store.batches.map(({ rows }) => rows.length)).toEqual([MAX_BATCH_ROWS, 1]);
});

it('tries the same batch again, says so once, and refuses to read meanwhile', async () => {
  store.failure = new Error('database or disk is full');
  ledger.failed(ADMIN, 'm');
  await jest.advanceTimersByTimeAsync(1000);
  ledger.failed(ADMIN, 'm');
  await jest.advanceTimersByTimeAsync(2000);
  expect(store.attempts.map(({ number }) => number)).toEqual([1, 1, 1]);
  await expect(records.read(select(), ADMIN)).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'usage_unavailable',
  });
  expect(written).toEqual([
    'warn cannot write usage (database or disk is full); it stays in memory and is tried again every second',
  ]);
  store.failure = undefined;
  await jest.advanceTimersByTimeAsync(1000);
  expect(written.slice(1)).toEqual(['log usage is written again']);
  expect(store.batches.map(({ number }) => number)).toEqual([1, 2]);
  expect(await requestsSeen()).toBe(2);
});

it('does not show the reason of the store to clients', async () => {
  store.failure = new Error('no such table: /secret');
  const error: unknown = await records.read(select(), ADMIN).catch((reason: unknown) => reason);
  expect(String(error)).not.toContain('secret');
  expect(written.join()).toContain('cannot read usage');
});

it('writes the last counts at shutdown, and then closes the store', async () => {
  ledger.failed(ADMIN, 'm');
  await records.onApplicationShutdown();
  expect([store.requests, store.isClosed, jest.getTimerCount()]).toEqual([1, true, 0]);
});

it('reports what is lost at shutdown', async () => {
  store.failure = new Error('disk is full');
  ledger.failed(ADMIN, 'm');
  await records.onApplicationShutdown();
  expect(written.at(-1)).toBe('warn usage since the last write is lost: disk is full');
  expect([store.isClosed, jest.getTimerCount()]).toEqual([true, 0]);
});

const ALL = { tenant: undefined, key: undefined };
const OWN = { tenant: 't', key: 'k' };
const TRUSTED = new Stranger({ ip: '10.0.0.1' }, true);

it.each([
  ['an admin of every model', ADMIN, {}, ALL],
  ['an admin of every model who filters', ADMIN, { tenant: 'u' }, { tenant: 'u', key: undefined }],
  ['an admin of some models', callerOf({ scopes: ['admin'], models: ['m*'] }), {}, OWN],
  ['a reader', callerOf({}), {}, OWN],
  ['a reader who filters by its own key', callerOf({}), { tenant: 't', key: 'k' }, OWN],
  ['anyone where authentication is off', TRUSTED, {}, ALL],
])('%s sees that usage', async (_who, caller, filters, seen) => {
  await records.read(select({ ...filters, model: 'm' }), caller);
  expect(store.queries).toEqual([select({ ...seen, model: 'm' })]);
});

it.each([{ tenant: 'u' }, { key: 'l' }, { tenant: '' }])('a reader finds nothing of %o', async (filters) => {
  expect(await records.read(select(filters), callerOf({}))).toEqual([]);
  expect(store.queries).toEqual([]);
});
