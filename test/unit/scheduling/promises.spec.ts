import type { SchedulerObserver } from '../../../src/scheduling/observer';
import type { SchedulerLimits } from '../../../src/scheduling/limits';
import { Scheduler } from '../../../src/scheduling/scheduler';
import { Doubler, jobOf, LIMITS, POISON } from './doubler';
import { VirtualClock } from './virtual-clock';

const RUN_MS = 10;
/** Rows in a millisecond, with one instance and full batches. */
const CAPACITY = 4 / RUN_MS;

/** So many runs are watched before anything is concluded. */
const WATCHED = 3;

/** Counts what it is told. */
class Counts implements SchedulerObserver {
  readonly flushes: Record<string, number> = {};
  readonly refusals: Record<string, number> = {};

  readonly begun: [priority: number, waitedMs: number][] = [];

  started(...request: [number, number]): void {
    this.begun.push(request);
  }

  executed(): void {}
  paddedTokens(): void {}

  flushed(reason: string): void {
    this.flushes[reason] = (this.flushes[reason] ?? 0) + 1;
  }

  refused(reason: string): void {
    this.refusals[reason] = (this.refusals[reason] ?? 0) + 1;
  }

  checked(): void {}
}

function set(limits: Partial<SchedulerLimits> = {}) {
  const clock = new VirtualClock();
  const counts = new Counts();
  const scheduler = new Scheduler('doubler', { ...LIMITS, ...limits }, clock, counts);
  const instance = new Doubler(clock, RUN_MS);
  scheduler.add(instance);
  /** What becomes of a request, and when. */
  const send = async (more: Parameters<typeof jobOf>[2] = {}, values = [1], width = 1) => {
    const sent = clock.now();
    const code = await scheduler.submit(jobOf(values, width, more)).then(
      () => 'ok',
      (error: { code: string }) => error.code,
    );
    return { code, ms: clock.now() - sent };
  };
  return { clock, counts, scheduler, instance, send };
}

const p99 = (times: readonly number[]) =>
  times.toSorted((one, other) => one - other)[Math.ceil(times.length * 0.99) - 1]!;

describe('why batches are flushed', () => {
  it('is counted: nothing to wait for, full, and tried again', async () => {
    const { clock, counts, send } = set();
    void send();
    await clock.pass(5);
    for (let index = 0; index < 3; index++) void send();
    void send({}, [POISON]);
    await clock.pass(100);
    // The guilty one is found among four by two pairs and two single ones.
    expect(counts.flushes).toEqual({ idle: 1, full: 1, retry: 4 });
  });

  it('is counted: the delay is over', async () => {
    const { clock, counts, send } = set({ maxQueueDelayUs: 3000 });
    void send();
    await clock.pass(3);
    expect(counts.flushes).toEqual({ delay: 1 });
  });

  it('is counted: a deadline that a longer delay would miss, though it came later', async () => {
    const { clock, counts, send } = set({ maxQueueDelayUs: 500_000 });
    for (let index = 0; index < 4 * WATCHED; index++) void send();
    await clock.pass(100);
    void send();
    await clock.pass(50);
    const hurried = send({ deadline: clock.now() + 30 });
    await clock.pass(100);
    expect(await hurried).toEqual({ code: 'ok', ms: 20 });
    expect(counts.flushes).toEqual({ full: WATCHED, deadline: 1 });
  });
});

describe('deadlines', () => {
  it('that cannot be met are refused at once, and only those', async () => {
    const { clock, counts, scheduler, send } = set();
    for (let index = 0; index < 4 * WATCHED; index++) void send();
    await clock.pass(WATCHED * RUN_MS);
    // One batch runs, ten wait.
    for (let index = 0; index < 44; index++) void send();
    await clock.pass(0);
    const refused = send({ deadline: clock.now() + 50 });
    const taken = send({ deadline: clock.now() + 160 });
    expect(await refused).toEqual({ code: 'deadline_unmeetable', ms: 0 });
    expect(counts.refusals).toEqual({ deadline: 1 });
    await clock.pass(200);
    expect(await taken).toEqual({ code: 'ok', ms: 120 });
    expect(scheduler.load.waitingRequests).toBe(0);
  });

  it('of higher priority are held to what goes before them', async () => {
    const { clock, send } = set();
    for (let index = 0; index < 4 * WATCHED; index++) void send({ priority: 2 });
    await clock.pass(WATCHED * RUN_MS);
    for (let index = 0; index < 44; index++) void send({ priority: 2 });
    await clock.pass(0);
    const low = send({ priority: 2, deadline: clock.now() + 50 });
    const high = send({ priority: 1, deadline: clock.now() + 50 });
    await clock.pass(200);
    expect((await low).code).toBe('deadline_unmeetable');
    expect(await high).toEqual({ code: 'ok', ms: 20 });
  });

  it('are met again after runs that took exceptionally long', async () => {
    const clock = new VirtualClock();
    const scheduler = new Scheduler('doubler', LIMITS, clock, new Counts());
    const slow = new Doubler(clock, 5000);
    scheduler.add(slow);
    for (let index = 0; index < 4 * WATCHED; index++) void scheduler.submit(jobOf([1], 1));
    await clock.pass(WATCHED * 5000);
    await scheduler.remove(slow);
    scheduler.add(new Doubler(clock, RUN_MS));
    const codes: string[] = [];
    for (let index = 0; index < 400; index++) {
      scheduler.submit(jobOf([1], 1, { deadline: clock.now() + 100 })).then(
        () => codes.push('ok'),
        ({ code }: { code: string }) => codes.push(code),
      );
      await clock.pass(5);
    }
    await clock.pass(100);
    expect(codes.slice(-200)).toEqual(Array.from({ length: 200 }, () => 'ok'));
  });
});

describe('priorities', () => {
  it('are told with how long each request waited, and age', async () => {
    const { clock, counts, send } = set({ maxBatchRows: 1 });
    void send({ priority: 1 });
    await clock.pass(1);
    void send({ priority: 3 });
    for (let index = 0; index < 300; index++) {
      void send({ priority: 1 });
      await clock.pass(RUN_MS);
    }
    const [low] = counts.begun.filter(([priority]) => priority === 3);
    // Two levels below the others, it has to wait for two seconds, and for the run that is under way then.
    expect(low![1]).toBeGreaterThanOrEqual(2000);
    expect(low![1]).toBeLessThanOrEqual(2000 + 2 * RUN_MS);
    expect(counts.begun.filter(([priority]) => priority === 1).length).toBeGreaterThan(290);
  });
});

describe('callers', () => {
  /** p99 of a caller that sends one request in 50 ms, while another sends `flood` times what the model can do. */
  async function timesBeside(flood: number, width: number, maxQueueRows = 100): Promise<number[]> {
    const { clock, send } = set({ maxQueueRows });
    const modest: ReturnType<typeof send>[] = [];
    let due = 0;
    for (let ms = 0; ms < 5000; ms++) {
      for (due += flood * CAPACITY; due >= 1; due--) void send({ caller: 'flooder' });
      if (ms % 50 === 3) modest.push(send({ caller: 'modest', shapeKey: `${width}` }, [1, 1], width));
      await clock.pass(1);
    }
    await clock.pass(2000);
    const outcomes = await Promise.all(modest);
    expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set(['ok']));
    return outcomes.map(({ ms }) => ms);
  }

  it.each([
    ['of one shape', 1, 100],
    ['of different shapes', 2, 100],
    ['in a long queue', 1, 5000],
  ])('who flood the model do not more than double the p99 of others, %s', async (_, width, rows) => {
    const alone = p99(await timesBeside(0, width));
    expect(p99(await timesBeside(3, width, rows))).toBeLessThanOrEqual(2 * alone);
  });

  it('whose share is the largest make room in a full queue', async () => {
    const { clock, counts, scheduler, send } = set({ maxQueueRows: 8 });
    const flood = Array.from({ length: 12 }, () => send({ caller: 'flooder' }));
    await clock.pass(0);
    expect(scheduler.load.waitingRows).toBe(4);
    for (let index = 0; index < 4; index++) flood.push(send({ caller: 'flooder' }));
    const modest = [send({ caller: 'modest' }), send({ caller: 'modest' })];
    await clock.pass(100);
    expect((await Promise.all(modest)).map(({ code }) => code)).toEqual(['ok', 'ok']);
    // Eight wait at a time: of sixteen, four find no room, and the last two make room.
    expect(counts.refusals).toEqual({ queue_full: 4, displaced: 2 });
    const codes = (await Promise.all(flood)).map(({ code }) => code);
    expect(codes.slice(-2)).toEqual(['queue_full', 'queue_full']);
    expect(codes.filter((code) => code === 'ok')).toHaveLength(10);
  });

  it('with equal shares are refused as they come', async () => {
    const { counts, send, clock } = set({ maxQueueRows: 8 });
    for (let index = 0; index < 24; index++) void send({ caller: `caller ${index % 12}` });
    await clock.pass(100);
    expect(counts.refusals).toEqual({ queue_full: 16 });
  });
});

describe('at twice the capacity, open loop', () => {
  it('nine tenths of it are answered within their deadlines, and the others are told at once', async () => {
    const { clock, counts, send } = set({ maxQueueRows: 10_000 });
    const outcomes: Promise<{ code: string; ms: number }>[] = [];
    let due = 0;
    for (let ms = 0; ms < 10_000; ms++) {
      for (due += 2 * CAPACITY; due >= 1; due--) {
        // Patient and hurried ones.
        const patienceMs = 40 + 60 * (outcomes.length % 3);
        outcomes.push(send({ caller: `caller ${outcomes.length % 7}`, deadline: clock.now() + patienceMs }));
      }
      await clock.pass(1);
    }
    await clock.pass(1000);
    const ended = await Promise.all(outcomes);
    const good = ended.filter(({ code }) => code === 'ok').length;
    expect(good / (CAPACITY * 10_000)).toBeGreaterThan(0.9);
    const refused = ended.filter(({ code }) => code === 'deadline_unmeetable');
    expect(refused.length).toBe(counts.refusals['deadline']);
    for (const { ms } of refused) expect(ms).toBe(0);
    // Hardly anyone was taken in vain.
    expect(ended.length - good - refused.length).toBeLessThan(ended.length / 100);
  });
});
