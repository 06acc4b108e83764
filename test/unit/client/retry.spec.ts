import fc from 'fast-check';
import { NexusError } from '../../../clients/typescript/src/nexus-error.ts';
import { retryAfterOf, retryDelay } from '../../../clients/typescript/src/retry.ts';

const attempt = fc.nat({ max: 1000 });
const passing = fc.constantFrom({ status: 429 }, { status: 503 }, { code: 'connection_failed' });

describe('retryDelay', () => {
  it('doubles with each attempt, with jitter, up to eight seconds', () => {
    fc.assert(
      fc.property(attempt, passing, (number, facts) => {
        const longest = Math.min(8000, 250 * 2 ** number);
        const delay = retryDelay(new NexusError('', facts), number)!;
        expect(delay).toBeGreaterThanOrEqual(longest / 2);
        expect(delay).toBeLessThanOrEqual(longest);
      }),
    );
  });

  it('is what the server asks for, up to a minute', () => {
    fc.assert(
      fc.property(attempt, passing, fc.nat({ max: 120 }), (number, facts, retryAfter) => {
        const delay = retryDelay(new NexusError('', { ...facts, retryAfter }), number);
        expect(delay).toBe(retryAfter <= 60 ? retryAfter * 1000 : undefined);
      }),
    );
  });

  it.each([
    new NexusError('', { status: 500, retryAfter: 1 }),
    new NexusError(''),
    new TypeError(),
    undefined,
  ])('is none after %p', (error) => {
    expect(retryDelay(error, 0)).toBeUndefined();
  });
});

describe('Retry-After', () => {
  const told = (text: string) => retryAfterOf(new Headers({ 'retry-after': text }));

  it('is seconds or a date', () => {
    expect(told('7')).toBe(7);
    expect(told('Thu, 01 Jan 1970 00:00:00 GMT')).toBe(0);
    expect(told('Fri, 31 Dec 2100 23:59:59 GMT')).toBeGreaterThan(60);
  });

  it('is nothing when it is absent or cannot be read', () => {
    expect(retryAfterOf(new Headers())).toBeUndefined();
    expect(told('soon')).toBeUndefined();
  });
});
