import { errors } from '../../../../src/common/errors';
import { SingleFlight, type Waiter } from '../../../../src/inference/cache/single-flight';

const patient = { deadline: Infinity, abandoned: undefined };

describe('SingleFlight', () => {
  it('begins anew for a waiter that comes when a computation is given up', async () => {
    const flights = new SingleFlight<string>();
    let giveUp!: () => void;
    const first = flights.join('key', { ...patient, abandoned: () => true }, async (all) => {
      if (all.abandoned?.() !== true) return 'wanted';
      await new Promise<void>((resolve) => (giveUp = resolve));
      throw errors.cancelled();
    });
    giveUp();
    const second = flights.join('key', patient, async () => 'answer');
    await expect(first).rejects.toThrow(errors.cancelled().message);
    await expect(second).resolves.toEqual({ result: 'answer', isFirst: true });
  });

  it('has the latest deadline of those who wait, and is abandoned when none does', async () => {
    const flights = new SingleFlight<unknown>();
    let land!: () => void;
    const landing = new Promise<void>((resolve) => (land = resolve));
    const later = performance.now() + 60_000;
    let hasLeft = false;
    const compute = async (all: Waiter) => {
      const early = [all.deadline, all.abandoned!()];
      await landing;
      return [early, [all.deadline, all.abandoned!()]];
    };
    const first = { deadline: later, abandoned: () => hasLeft };
    const joined = flights.join('key', first, compute);
    const other = flights.join('key', { ...first, deadline: later + 1 }, compute);
    hasLeft = true;
    land();
    const result = [
      [later, false],
      [later + 1, true],
    ];
    expect(await joined).toEqual({ result, isFirst: true });
    expect(await other).toEqual({ result, isFirst: false });
    expect((await flights.join('key', patient, async () => [])).isFirst).toBe(true);
  });

  it('begins anew for those who wait beside one whose limit is reached', async () => {
    const flights = new SingleFlight<string>();
    const full = errors.quotaExceeded('the limit of tokens is used up', 1);
    const first = flights.join('key', patient, async () => {
      throw full;
    });
    const second = flights.join('key', patient, async () => 'answer');
    await expect(first).rejects.toBe(full);
    await expect(second).resolves.toEqual({ result: 'answer', isFirst: true });
  });

  it('gives each waiter its own reason for the cancellation', async () => {
    const flights = new SingleFlight<unknown>();
    const past = performance.now() - 1;
    const codeFor = (waiter: Waiter) =>
      flights
        .join('key', waiter, async () => {
          throw errors.cancelled();
        })
        .catch(({ code }: { code: string }) => code);
    expect(await codeFor({ deadline: past, abandoned: () => false })).toBe('deadline_exceeded');
    expect(await codeFor({ deadline: past, abandoned: () => true })).toBe('cancelled');
  });
});
