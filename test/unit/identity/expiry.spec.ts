import fc from 'fast-check';
import { instantOf } from '../../../src/identity/keys/expiry';

describe('instantOf', () => {
  it.each([
    ['2027-01-31', Date.UTC(2027, 0, 31)],
    ['2028-02-29', Date.UTC(2028, 1, 29)],
    ['2027-01-31T12:00:00Z', Date.UTC(2027, 0, 31, 12)],
    ['2027-01-31t12:00:00.5z', Date.UTC(2027, 0, 31, 12, 0, 0, 500)],
    ['2027-01-31T12:00:00+02:00', Date.UTC(2027, 0, 31, 10)],
  ])('reads %s', (text, instant) => expect(instantOf(text)).toBe(instant));

  it.each([
    '',
    '2027',
    '2027-1-31',
    '2027-02-29',
    '2027-02-30',
    '2027-13-01',
    '2027-00-10',
    '2027-01-00',
    '2027-01-31T12:00:00',
    '2027-01-31T24:00:00Z',
    '2027-01-31T12:60:00Z',
    '2027-01-31 12:00:00Z',
    '2027-01-31T12:00:00+25:00',
  ])('rejects %j', (text) => expect(instantOf(text)).toBeUndefined());

  it('reads what toISOString writes', () => {
    const years = { min: new Date(0), max: new Date(Date.UTC(9999, 11, 31)), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(years), (date) => expect(instantOf(date.toISOString())).toBe(date.getTime())),
    );
  });
});
