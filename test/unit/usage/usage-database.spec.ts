import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { UsageDatabase } from '../../../src/usage/sqlite/usage-database';
import type { UsageRow } from '../../../src/usage/usage';
import { row, select } from './rows';

const HOUR = 3600;
const DAY = 24 * HOUR;
const NINE = Date.UTC(2026, 0, 1, 9) / 1000;
const now = () => NINE * 1000;
const MEMORY = { path: ':memory:', retentionS: 400 * DAY, maxPages: undefined };

const folder = mkdtempSync(join(tmpdir(), 'nexus-usage-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = () => ({ ...MEMORY, path: join(folder, `${files++}.db`) });

const plain = (rows: readonly UsageRow[]) => rows.map((each) => ({ ...each }));

it('adds to the row of the hour, and keeps it in a file of its owner', () => {
  const file = newFile();
  const first = new UsageDatabase(file, now);
  first.add([row(NINE, 1, { rows: 2, input_bytes: 2 ** 40 }), row(NINE, 1, { tenant: '' })]);
  first.add([row(NINE, 1, { rows: 3, output_bytes: 7 })]);
  first.close();
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
  const second = new UsageDatabase(file, now);
  expect(plain(second.read(select()))).toEqual([
    row(NINE, 1, { tenant: '' }),
    row(NINE, 2, { rows: 5, input_bytes: 2 ** 40, output_bytes: 7 }),
  ]);
  second.close();
});

it('leaves the permissions of a file that exists', () => {
  const file = newFile();
  writeFileSync(file.path, '');
  chmodSync(file.path, 0o640);
  new UsageDatabase(file, now).close();
  expect(statSync(file.path).mode & 0o777).toBe(0o640);
});

it('filters by time, tenant, key and model', () => {
  const database = new UsageDatabase(MEMORY, now);
  const rows = [
    row(NINE, 1),
    row(NINE, 2, { key: 'l' }),
    row(NINE, 3, { model: "m' OR 1=1 --" }),
    row(NINE, 4, { tenant: 'u' }),
    row(NINE + HOUR, 5),
  ];
  database.add(rows);
  const found = (query: Parameters<typeof select>[0]) =>
    database.read(select(query)).map(({ requests }) => requests);
  expect(found({})).toEqual([1, 3, 2, 4, 5]);
  expect(found({ to: NINE + HOUR })).toEqual([1, 3, 2, 4]);
  expect(found({ from: NINE + 1 })).toEqual([5]);
  expect(found({ tenant: 'u' })).toEqual([4]);
  expect(found({ key: 'l' })).toEqual([2]);
  expect(found({ model: "m' OR 1=1 --" })).toEqual([3]);
  expect(found({ tenant: '' })).toEqual([]);
  expect(found({ by: 'day', model: 'm' })).toEqual([6, 2, 4]);
  database.close();
});

const anyRow = fc.record({
  hour: fc.integer({ min: 0, max: 80 }),
  tenant: fc.constantFrom('', 't', 'ü"'),
  model: fc.constantFrom('m', 'n'),
  requests: fc.nat(5),
});

it('days are the sums of their hours, and pages have every row once', () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (given, limit) => {
      const database = new UsageDatabase(MEMORY, now);
      database.add(given.map(({ hour, requests, ...more }) => row(NINE + hour * HOUR, requests, more)));
      for (const by of ['hour', 'day'] as const) {
        const sums = new Map<string, number>();
        for (const { hour, tenant, model, requests } of given) {
          const length = by === 'day' ? DAY : HOUR;
          const start = Math.floor((NINE + hour * HOUR) / length) * length;
          const name = JSON.stringify([start, tenant, model]);
          sums.set(name, requests + (sums.get(name) ?? 0));
        }
        const found: UsageRow[] = [];
        for (;;) {
          const page = database.read(select({ by, limit, after: found.at(-1) }));
          if (page.length === 0) break;
          found.push(...page);
        }
        const names = found.map(({ start, tenant, model }) => JSON.stringify([start, tenant, model]));
        expect(new Set(names).size).toBe(names.length);
        expect(new Map(found.map(({ requests }, index) => [names[index], requests]))).toEqual(sums);
        expect(found.map(({ start }) => start)).toEqual(
          found.map(({ start }) => start).toSorted((a, b) => a - b),
        );
      }
      database.close();
    }),
    { numRuns: 30 },
  );
});

it('deletes rows after their time', () => {
  const clock = { now: NINE };
  const database = new UsageDatabase({ ...MEMORY, retentionS: 2 * HOUR }, () => clock.now * 1000);
  database.add([row(NINE, 1)]);
  clock.now += 2 * HOUR;
  database.add([row(NINE + 2 * HOUR, 2)]);
  expect(database.read(select())).toHaveLength(2);
  clock.now += HOUR;
  database.add([row(NINE + 3 * HOUR, 3)]);
  expect(database.read(select()).map(({ requests }) => requests)).toEqual([2, 3]);
  database.close();
});

it('deletes nothing because of a clock that is wrong for a moment', () => {
  const clock = { now: NINE };
  const database = new UsageDatabase(MEMORY, () => clock.now * 1000);
  database.add([row(NINE, 1)]);
  clock.now = NINE + 1000 * DAY;
  database.add([row(clock.now, 2)]);
  clock.now = NINE + HOUR;
  database.add([row(clock.now, 3)]);
  expect(database.read(select()).map(({ requests }) => requests)).toEqual([1, 3, 2]);
  database.close();
});

it('deletes the oldest hours to stay below its size', () => {
  const database = new UsageDatabase({ ...MEMORY, maxPages: 30 }, now);
  for (let hour = 0; hour < 20; hour++)
    database.add(
      Array.from({ length: 50 }, (_, index) => row(NINE + hour * HOUR, 1, { model: `${index}`.padEnd(100) })),
    );
  const found = database.read(select());
  expect(found.length % 50).toBe(0);
  expect(found.length).toBeLessThan(1000);
  expect(found.at(-1)!.start).toBe(NINE + 19 * HOUR);
  database.close();
});

it('adds all rows of a batch or none', () => {
  const file = newFile();
  const database = new UsageDatabase(file, now);
  database.add([row(NINE, 1)]);
  const bad = { ...row(NINE, 1, { model: 'n' }), rows: null as unknown as number };
  expect(() => database.add([row(NINE, 1), bad])).toThrow('NOT NULL');
  expect(plain(database.read(select()))).toEqual([row(NINE, 1)]);
  database.close();
});

it('two processes can use one file', () => {
  const file = newFile();
  const databases = [new UsageDatabase(file, now), new UsageDatabase(file, now)];
  for (const database of databases) database.add([row(NINE, 1)]);
  for (const database of databases) expect(plain(database.read(select()))).toEqual([row(NINE, 2)]);
  for (const database of databases) database.close();
});

it('adds the columns that a file of an older release lacks', () => {
  const file = newFile();
  const old = new DatabaseSync(file.path);
  old.exec(`CREATE TABLE usage (start INTEGER, tenant TEXT, key TEXT, model TEXT, requests INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (start, tenant, key, model)) WITHOUT ROWID;
    INSERT INTO usage VALUES (${NINE}, 't', 'k', 'm', 1); PRAGMA user_version = 1`);
  old.close();
  const database = new UsageDatabase(file, now);
  database.add([row(NINE, 1, { rows: 2 })]);
  expect(plain(database.read(select()))).toEqual([row(NINE, 2, { rows: 2 })]);
  database.close();
});

it.each([
  ['a newer release', 'CREATE TABLE usage (start); PRAGMA user_version = 2'],
  ['another program', 'CREATE TABLE notes (text)'],
])('refuses a database of %s, and leaves it as it is', (_whose, sql) => {
  const file = newFile();
  const other = new DatabaseSync(file.path);
  other.exec(sql);
  const schema = () => other.prepare('SELECT sql FROM sqlite_schema').all();
  const before = schema();
  expect(() => new UsageDatabase(file, now)).toThrow('it is not a usage file of this version');
  expect(schema()).toEqual(before);
  other.close();
});

it('refuses a file that is no database', () => {
  const file = newFile();
  writeFileSync(file.path, 'x'.repeat(2000));
  expect(() => new UsageDatabase(file, now)).toThrow('file is not a database');
});
