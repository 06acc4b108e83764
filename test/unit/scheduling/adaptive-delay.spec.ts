import { Scheduler } from '../../../src/scheduling/scheduler';
import { Doubler, jobOf, NOBODY } from './doubler';
import { VirtualClock } from './virtual-clock';

const RUN_MS = 2;

/** Sends a request every `everyMs` for a while, and says what came of the second half of them. */
async function play(targetP99Ms: number | undefined, everyMs: number, maxBatchRows = 64) {
  const clock = new VirtualClock();
  const limits = { maxBatchRows, maxQueueDelayUs: 0, maxQueueRows: 1e6, maxQueueBytes: 1e9, timeoutMs: 1000 };
  const target = targetP99Ms === undefined ? {} : { targetP99Ms };
  const scheduler = new Scheduler('doubler', { ...limits, ...target }, clock, NOBODY);
  const instance = new Doubler(clock, RUN_MS);
  scheduler.add(instance);
  const times: number[] = [];
  for (let index = 0; index < 12_000; index++) {
    const sent = clock.now();
    void scheduler.submit(jobOf([1], 1)).then(() => times.push(clock.now() - sent));
    await clock.pass(everyMs);
  }
  await clock.pass(1000);
  const later = times.slice(times.length / 2).toSorted((one, other) => one - other);
  const runs = instance.batches.slice(instance.batches.length / 2);
  return {
    p99: later[Math.floor(later.length * 0.99)]!,
    rows: runs.reduce((sum, rows) => sum + rows, 0) / runs.length,
  };
}

describe('a delay with a target', () => {
  it('makes batches larger, and 99 of 100 answers come within the target', async () => {
    const without = await play(undefined, 0.5);
    const { p99, rows } = await play(20, 0.5);
    expect(p99).toBeLessThanOrEqual(20);
    expect(rows).toBeGreaterThan(2 * without.rows);
  });

  it('is none when nobody comes meanwhile', async () => {
    const { p99, rows } = await play(20, 30);
    expect(rows).toBe(1);
    expect(p99).toBe(RUN_MS);
  });

  it('is none when the target cannot be met', async () => {
    expect(await play(1, 0.5)).toEqual(await play(undefined, 0.5));
  });
});
