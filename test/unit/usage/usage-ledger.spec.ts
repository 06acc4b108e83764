import fc from 'fast-check';
import { noUsage, USAGE_UNITS, type UsageCounts, type UsageRow } from '../../../src/usage/usage';
import { UsageLedger } from '../../../src/usage/usage-ledger';

const HOUR_MS = 3_600_000;
const NINE = Date.UTC(2026, 0, 1, 9);
const ACME = { tenant: 'acme', key: 'a' };
const NOBODY = { tenant: undefined, key: undefined };

/** A ledger with a clock that the test sets. */
function ledgerAt(now: number, maxEntries?: number) {
  const clock = { now };
  const totals = new Map<string, UsageCounts>();
  const totalOf = (tenant: string) => {
    if (!totals.has(tenant)) totals.set(tenant, noUsage());
    return totals.get(tenant)!;
  };
  return { clock, totals, ledger: new UsageLedger(totalOf, () => clock.now, maxEntries) };
}

const byModel = (one: UsageRow, other: UsageRow) => (one.model < other.model ? -1 : 1);

it('counts requests, rows and bytes by tenant, key and model', () => {
  const { ledger } = ledgerAt(NINE);
  ledger.succeeded(ACME, 'digits', 2, 100, 10);
  ledger.succeeded(ACME, 'digits', 3, 150, 15, 7);
  ledger.failed(ACME, 'digits');
  ledger.succeeded({ ...ACME, key: 'b' }, 'digits', 1, 50, 5);
  ledger.succeeded({ tenant: 'acme/a', key: '' }, 'digits', 1, 50, 5);
  const start = NINE / 1000;
  const one = { requests: 1, failed_requests: 0, rows: 1, input_bytes: 50, output_bytes: 5, tokens: 0 };
  expect(ledger.take(10)).toEqual([
    {
      start,
      ...ACME,
      model: 'digits',
      requests: 3,
      failed_requests: 1,
      rows: 5,
      input_bytes: 250,
      output_bytes: 25,
      tokens: 7,
    },
    { start, tenant: 'acme', key: 'b', model: 'digits', ...one },
    { start, tenant: 'acme/a', key: '', model: 'digits', ...one },
  ]);
});

it('counts clients that have not authenticated as one', () => {
  const { ledger } = ledgerAt(NINE);
  ledger.failed(NOBODY, 'digits');
  ledger.failed(NOBODY, 'digits');
  expect(ledger.take(10)).toMatchObject([{ tenant: '', key: '', requests: 2, failed_requests: 2 }]);
});

it('takes what was counted since it was last taken', () => {
  const { ledger } = ledgerAt(NINE);
  ledger.failed(ACME, 'digits');
  expect(ledger.take(10)).toMatchObject([{ requests: 1 }]);
  expect(ledger.take(10)).toEqual([]);
  ledger.succeeded(ACME, 'digits', 1, 1, 1);
  expect(ledger.take(10)).toMatchObject([{ requests: 1, failed_requests: 0, rows: 1 }]);
});

it('starts a new row with the hour, in either direction of the clock', () => {
  const { clock, ledger } = ledgerAt(NINE + HOUR_MS - 1);
  ledger.failed(ACME, 'digits');
  clock.now = NINE + HOUR_MS;
  ledger.failed(ACME, 'digits');
  clock.now = NINE - 1;
  ledger.failed(ACME, 'digits');
  expect(ledger.take(10).map(({ start }) => start * 1000)).toEqual([NINE, NINE + HOUR_MS, NINE - HOUR_MS]);
});

it('announces each row once', () => {
  const { ledger } = ledgerAt(NINE);
  let announced = 0;
  ledger.watch(() => announced++);
  ledger.failed(ACME, 'a');
  ledger.failed(ACME, 'a');
  ledger.failed(ACME, 'b');
  expect([announced, ledger.waitingRows]).toEqual([2, 2]);
  ledger.take(10);
  ledger.failed(ACME, 'a');
  expect(announced).toBe(3);
});

it('remembers and keeps waiting a limited number of rows', () => {
  const { ledger, totals } = ledgerAt(NINE, 2);
  for (const model of ['a', 'b', 'c', 'a']) ledger.failed(ACME, model);
  expect(ledger.lost).toBe(1);
  expect(ledger.take(10).toSorted(byModel)).toMatchObject([
    { model: 'a', requests: 2 },
    { model: 'b', requests: 1 },
  ]);
  for (const model of ['c', 'a']) ledger.failed(ACME, model);
  expect(ledger.lost).toBe(1);
  expect(ledger.take(10).toSorted(byModel)).toMatchObject([
    { model: 'a', requests: 1 },
    { model: 'c', requests: 1 },
  ]);
  expect(totals.get('acme')!.requests).toBe(5);
});

it('loses and repeats nothing, whenever rows are taken', () => {
  const step = fc.oneof(
    fc.record({
      name: fc.constant('count' as const),
      tenant: fc.constantFrom('t', 'u'),
      key: fc.constantFrom('k', 'l'),
      model: fc.constantFrom('m', 'n'),
      rows: fc.nat(9),
    }),
    fc.record({ name: fc.constant('wait' as const), ms: fc.integer({ min: -HOUR_MS, max: 2 * HOUR_MS }) }),
    fc.record({ name: fc.constant('take' as const), limit: fc.integer({ min: 1, max: 3 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, totals, ledger } = ledgerAt(NINE);
      const expected = new Map<string, number[]>();
      const found = new Map<string, number[]>();
      const add = (sums: Map<string, number[]>, name: string, counts: readonly number[]) =>
        sums.set(
          name,
          counts.map((count, index) => count + (sums.get(name)?.[index] ?? 0)),
        );
      const take = (limit: number) => {
        const rows = ledger.take(limit);
        for (const row of rows) {
          const { start, tenant, key, model } = row;
          add(
            found,
            `${start} ${tenant} ${key} ${model}`,
            USAGE_UNITS.map((unit) => row[unit]),
          );
        }
        return rows.length;
      };
      for (const each of steps) {
        if (each.name === 'wait') clock.now += each.ms;
        else if (each.name === 'take') take(each.limit);
        else {
          const { tenant, key, model, rows } = each;
          const start = Math.floor(clock.now / HOUR_MS) * 3600;
          if (rows === 0) ledger.failed({ tenant, key }, model);
          else ledger.succeeded({ tenant, key }, model, rows, 10 * rows, 100 * rows, 3 * rows);
          const counts = [1, Number(rows === 0), rows, 10 * rows, 100 * rows, 3 * rows];
          add(expected, `${start} ${tenant} ${key} ${model}`, counts);
        }
      }
      while (take(5) > 0);
      expect(found).toEqual(expected);
      const requests = [...expected.values()].reduce((sum, [count]) => sum + count!, 0);
      expect([...totals.values()].reduce((sum, total) => sum + total.requests, 0)).toBe(requests);
    }),
  );
});
