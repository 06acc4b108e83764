import type { SchedulerLimits } from '../../../src/scheduling/limits';
import { Scheduler } from '../../../src/scheduling/scheduler';
import { Doubler, jobOf, LIMITS, NOBODY } from './doubler';
import { VirtualClock } from './virtual-clock';

const CLIENTS = 8;
/** Time between a response and the next request of a client. */
const THINK_MS = 2;
const ROOMY: SchedulerLimits = { ...LIMITS, maxBatchRows: 16 };

/**
 * Starts clients that send one request after another, each a millisecond after the last. Returns the sizes of the runs, how to
 * stop the clients, and how to send one more request, which resolves to its duration.
 */
function serve(
  runMs: (rows: number) => number,
  limits: SchedulerLimits = ROOMY,
  deadlineMs = Infinity,
  clock = new VirtualClock(),
) {
  const scheduler = new Scheduler('m', limits, clock, NOBODY);
  const runner = new Doubler(clock, runMs);
  scheduler.add(runner);
  let isOver = false;
  const ask = async () => {
    if (isOver) return;
    await scheduler.submit(jobOf([1], 1, { deadline: clock.now() + deadlineMs }));
    clock.after(THINK_MS, () => void ask());
  };
  for (let client = 0; client < CLIENTS; client++) clock.after(client, () => void ask());
  const alone = async () => {
    const started = clock.now();
    await scheduler.submit(jobOf([1], 1));
    return clock.now() - started;
  };
  return { clock, batches: runner.batches, stop: () => void (isOver = true), alone };
}

const heavy = (rows: number) => 40 + rows;
const light = (rows: number) => 4 + rows;

describe('clients that send one request after another', () => {
  it('share one batch of a model with a high cost per run', async () => {
    const { clock, batches } = serve(heavy);
    await clock.pass(2000);
    expect(batches.slice(0, 2)).toEqual([1, 7]);
    expect(new Set(batches.slice(10))).toEqual(new Set([CLIENTS]));
  });

  it('wait for no others where a run costs little', async () => {
    const { clock, batches } = serve(light);
    await clock.pass(2000);
    expect(new Set(batches.slice(10))).not.toContain(CLIENTS);
  });

  it('do not wait if they have a deadline soon', async () => {
    const { clock, batches } = serve(heavy, ROOMY, 130);
    await clock.pass(2000);
    expect(new Set(batches.slice(10))).not.toContain(CLIENTS);
  });

  it('do not wait beyond a full batch', async () => {
    const { clock, batches } = serve(heavy, { ...ROOMY, maxBatchRows: 4 });
    await clock.pass(2000);
    expect(new Set(batches.slice(10))).toEqual(new Set([4]));
  });
});

/** Fires timers half a millisecond early, as those of Node may. */
class HastyClock extends VirtualClock {
  override after(ms: number, action: () => void): () => void {
    return super.after(Math.max(0, ms - 0.5), action);
  }
}

describe('a wait whose timer fires early', () => {
  it('ends then, because no other timer follows', async () => {
    const { clock, stop, alone } = serve(heavy, ROOMY, Infinity, new HastyClock());
    await clock.pass(2000);
    stop();
    const soon = alone();
    await clock.pass(200);
    expect(await Promise.race([soon, Promise.resolve('never')])).toBeLessThanOrEqual(
      heavy(CLIENTS) + 20 + heavy(1),
    );
  });
});

describe('a request after the clients have left', () => {
  it('waits only until others could have come', async () => {
    const { clock, stop, alone } = serve(heavy);
    await clock.pass(2000);
    stop();
    // Behind the run in flight, if there is one, and the wait after it.
    const soon = alone();
    await clock.pass(200);
    expect(await soon).toBeLessThanOrEqual(heavy(CLIENTS) + 20 + heavy(1));
    const later = alone();
    await clock.pass(200);
    expect(await later).toBe(heavy(1));
  });
});
