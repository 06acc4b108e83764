import fc from 'fast-check';
import { cursorOf, usageQuery } from '../../../src/rest/operations/usage-query';

const NOW = Date.UTC(2026, 0, 2, 9, 30) / 1000;
const at = (...parts: [number, number, number]) => Date.UTC(2026, ...parts) / 1000;

it('selects the last 24 hours by default, with the whole hour in which they begin', () => {
  expect(usageQuery({}, NOW)).toMatchObject({ from: at(0, 1, 9), to: NOW, by: 'hour', tenant: undefined });
});

it('selects whole days', () => {
  expect(usageQuery({ by: 'day' }, NOW)).toMatchObject({ from: at(0, 1, 0), to: NOW, by: 'day' });
});

it.each([
  ['2026-01-01', at(0, 1, 0)],
  ['2026-01-01T05:59:59Z', at(0, 1, 5)],
  ['2026-01-01t05:59:59.999z', at(0, 1, 5)],
  ['2026-01-01T05:00:00+02:00', at(0, 1, 3)],
])('reads %s', (text, start) => {
  expect(usageQuery({ from: text }, NOW).from).toBe(start);
});

it.each([
  [{ from: 'yesterday' }, 'from', 'got "yesterday"'],
  [{ from: '2026-02-30' }, 'from', 'got "2026-02-30"'],
  [{ from: '2025-13-01' }, 'from', 'got "2025-13-01"'],
  [{ to: '2026-01-01T25:00:00Z' }, 'to', 'such as 2026-01-31'],
  [{ to: '2026-01-01T05:00:00 02:00' }, 'to', 'write + as %2B'],
  [{ to: '2026-01-01T05:00:00' }, 'to', 'a time with its offset'],
  [{ from: '2026-01-01', to: '2026-01-01' }, 'from', 'expected a time before `to`'],
  [{ by: 'week' }, 'by', 'expected hour or day, got "week"'],
  [{ tenat: 'acme' }, 'tenat', 'unknown parameter "tenat"; use from, to, by, tenant, key, model, after'],
  [{ tenant: ['a', 'b'] }, 'tenant', 'expected one value'],
  [{ after: '???' }, 'after', 'expected `next`'],
  [{ after: Buffer.from('[1,"a","b"]').toString('base64url') }, 'after', 'expected `next`'],
])('refuses %j', (parameters, param, message) => {
  const refusal = expect.objectContaining({
    kind: 'invalid',
    message: expect.stringContaining(message),
    details: { param },
  });
  expect(() => usageQuery(parameters, NOW)).toThrow(refusal);
});

it('continues after the last entry of a page', () => {
  const position = fc.record({ start: fc.nat(), tenant: fc.string(), key: fc.string(), model: fc.string() });
  fc.assert(
    fc.property(position, (last) => {
      expect(usageQuery({ after: cursorOf(last) }, NOW).after).toEqual(last);
    }),
  );
});
