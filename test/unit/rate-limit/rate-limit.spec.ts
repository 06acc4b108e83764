import fc from 'fast-check';
import { WindowStorage } from '../../../src/rate-limit/window-storage';

const WINDOW_MS = 60_000;

/** A storage, and the clock it reads. */
function storageWithClock() {
  const clock = { ms: 0 };
  const storage = new WindowStorage(() => clock.ms);
  const hit = (key: string, limit = 2) => storage.increment(key, WINDOW_MS, limit);
  return { clock, hit };
}

describe('WindowStorage', () => {
  it('blocks what comes above the limit, until the window ends', async () => {
    const { clock, hit } = storageWithClock();
    await hit('a');
    clock.ms = 10_500;
    await hit('a');
    expect(await hit('a')).toEqual({
      totalHits: 3,
      isBlocked: true,
      timeToExpire: 50,
      timeToBlockExpire: 50,
    });
    clock.ms = WINDOW_MS;
    expect(await hit('a')).toMatchObject({ totalHits: 1, isBlocked: false, timeToExpire: 60 });
  });

  it('never reports a longer time than the window', async () => {
    const { clock, hit } = storageWithClock();
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.uuid(), async (now, key) => {
        clock.ms = now;
        expect((await hit(key)).timeToExpire).toBe(60);
      }),
    );
  });

  it('counts callers apart', async () => {
    const { hit } = storageWithClock();
    await hit('a');
    expect((await hit('b')).totalHits).toBe(1);
  });

  it('agrees with a plain list of windows, whatever the times and callers', async () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), pause: fc.nat(WINDOW_MS * 1.5) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, hit } = storageWithClock();
        const expected = new Map<string, { endsAt: number; hits: number }>();
        for (const { key, pause } of steps) {
          clock.ms += pause;
          const known = expected.get(key);
          const window =
            known !== undefined && known.endsAt > clock.ms
              ? known
              : { endsAt: clock.ms + WINDOW_MS, hits: 0 };
          window.hits += 1;
          expected.set(key, window);
          expect((await hit(key)).totalHits).toBe(window.hits);
        }
      }),
    );
  });

  it('forgets callers rather than growing without end', async () => {
    const { hit } = storageWithClock();
    await hit('first');
    for (let caller = 0; caller < 200_000; caller += 1) await hit(String(caller));
    expect((await hit('first')).totalHits).toBe(1);
  });
});
