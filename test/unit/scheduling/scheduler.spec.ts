import type { SchedulerLimits } from '../../../src/scheduling/limits';
import { Scheduler } from '../../../src/scheduling/scheduler';
import { Doubler, floatsOf, jobOf, KILLER, LIMITS, NOBODY, POISON } from './doubler';
import { VirtualClock } from './virtual-clock';

function set(limits: Partial<SchedulerLimits> = {}) {
  const clock = new VirtualClock();
  const scheduler = new Scheduler('doubler', { ...LIMITS, ...limits }, clock, NOBODY);
  const start = () => {
    const instance = new Doubler(clock, 10, () => clock.after(5, start));
    scheduler.add(instance);
    return instance;
  };
  return { clock, scheduler, start };
}

const codeOf = (outcome: Promise<unknown>) =>
  outcome.then(
    () => 'ok',
    (error: { code: string }) => error.code,
  );
const valuesOf = async (outcome: ReturnType<Scheduler['submit']>) =>
  floatsOf((await outcome).outputs[0]!.data);

describe(Scheduler.name, () => {
  it('runs the first request immediately and batches those that arrive meanwhile', async () => {
    const { clock, scheduler, start } = set();
    const instance = start();
    const send = (values: number[]) => values.map((value) => valuesOf(scheduler.submit(jobOf([value], 1))));
    const first = send([1, 2]);
    await clock.pass(0);
    expect(instance.batches).toEqual([2]);
    const answers = [...first, ...send([3, 4, 5, 6, 7])];
    await clock.pass(30);
    expect(instance.batches).toEqual([2, 4, 1]);
    expect((await Promise.all(answers)).flat()).toEqual([2, 4, 6, 8, 10, 12, 14]);
  });

  it('fills batches of each shape when two shapes alternate', async () => {
    const { clock, scheduler, start } = set();
    for (let index = 0; index < 8; index++) {
      void scheduler.submit(jobOf([1, 2], 1 + (index % 2)));
      await clock.pass(1);
    }
    const instance = start();
    await clock.pass(100);
    expect(instance.shapes).toEqual(['1', '2', '1']);
    expect(instance.batches).toEqual([4, 4, 4]);
  });

  it('waits for more requests at most max_queue_delay_us', async () => {
    const { clock, scheduler, start } = set({ maxQueueDelayUs: 3000 });
    const instance = start();
    const alone = scheduler.submit(jobOf([1], 1));
    await clock.pass(2);
    expect(instance.batches).toEqual([]);
    void scheduler.submit(jobOf([2], 1));
    await clock.pass(1);
    expect(instance.batches).toEqual([2]);
    await clock.pass(10);
    expect((await alone).queueMs).toBe(3);
  });

  it('does not wait once a batch is full', async () => {
    const { clock, scheduler, start } = set({ maxQueueDelayUs: 3000 });
    const instance = start();
    for (let index = 0; index < 4; index++) void scheduler.submit(jobOf([1], 1));
    await clock.pass(0);
    expect(instance.batches).toEqual([4]);
  });

  it('runs every request alone if requests may not share a run', async () => {
    const { clock, scheduler, start } = set({ mergesRequests: false });
    const instance = start();
    const answers = [[1], [2, 3], [4, 5, 6, 7, 8]].map((rows) => valuesOf(scheduler.submit(jobOf(rows, 1))));
    await clock.pass(100);
    expect(instance.batches).toEqual([1, 2, 4, 1]);
    expect(await Promise.all(answers)).toEqual([[2], [4, 6], [8, 10, 12, 14, 16]]);
  });

  it('limits the number of queued requests', async () => {
    const { clock, scheduler, start } = set({ maxQueueRequests: () => 2 });
    const codes = [1, 2, 3].map((value) => codeOf(scheduler.submit(jobOf([value], 1))));
    expect(await codes[2]).toBe('queue_full');
    start();
    await clock.pass(100);
    expect(await Promise.all(codes)).toEqual(['ok', 'ok', 'queue_full']);
  });

  it('runs higher priorities first, and requests of one priority in order of arrival', async () => {
    const { clock, scheduler, start } = set({ maxBatchRows: 2 });
    const order: number[] = [];
    [3, 1, 2, 1, 3].forEach((priority, index) => {
      void scheduler.submit(jobOf([index], 1, { priority })).then(() => order.push(index));
    });
    start();
    await clock.pass(100);
    expect(order).toEqual([1, 3, 2, 0, 4]);
  });

  it('runs higher priorities first even if their rows have another shape', async () => {
    const { clock, scheduler, start } = set();
    for (const [width, priority] of [
      [1, 2],
      [3, 2],
      [2, 1],
    ] as const)
      void scheduler.submit(jobOf([1, 2, 3, 4, 5, 6], width, { priority }));
    const instance = start();
    await clock.pass(100);
    expect(instance.shapes).toEqual(['2', '1', '1', '3']);
  });

  it('does not let higher priorities starve a lower one', async () => {
    const { clock, scheduler, start } = set({ maxBatchRows: 1 });
    const low = scheduler.submit(jobOf([0], 1, { priority: 2 })).then(() => clock.now());
    let high = 0;
    const submitHigh = () => void scheduler.submit(jobOf([1], 1, { priority: 1 })).then(() => high++);
    submitHigh();
    start();
    for (let ms = 0; ms < 2000; ms += 10) {
      submitHigh();
      await clock.pass(10);
    }
    await clock.pass(100);
    expect(high).toBe(201);
    expect(await low).toBeLessThanOrEqual(1020);
    expect(await low).toBeGreaterThanOrEqual(1000);
  });

  it('limits the number of queued requests per priority', async () => {
    const { scheduler } = set({ maxQueueRequests: (priority) => priority });
    const codes = [1, 1, 2, 2, 2].map((priority) => codeOf(scheduler.submit(jobOf([1], 1, { priority }))));
    expect(await codes[1]).toBe('queue_full');
    expect(await codes[4]).toBe('queue_full');
    expect(scheduler.load.waitingRequests).toBe(3);
  });

  it('splits a request larger than a batch and joins its response', async () => {
    const { clock, scheduler, start } = set();
    const instance = start();
    const answer = valuesOf(scheduler.submit(jobOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 1)));
    await clock.pass(30);
    expect(instance.batches).toEqual([4, 4, 2]);
    expect(await answer).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
  });

  it('fails only the faulty request of a batch', async () => {
    const { clock, scheduler, start } = set();
    const answers = [1, POISON, 3, 4].map((value) => codeOf(scheduler.submit(jobOf([value], 1))));
    start();
    await clock.pass(100);
    expect(await Promise.all(answers)).toEqual(['ok', 'execution_failed', 'ok', 'ok']);
  });

  it('answers the other requests of a batch that kills runners', async () => {
    const { clock, scheduler, start } = set();
    const answers = [1, KILLER, 3, 4].map((value) => codeOf(scheduler.submit(jobOf([value], 1))));
    start();
    await clock.pass(200);
    expect(await Promise.all(answers)).toEqual(['ok', 'runner_lost', 'ok', 'ok']);
  });

  it('rejects requests that do not fit in the queue, by rows and by bytes', async () => {
    const byRows = set({ maxQueueRows: 2 });
    const rows = [1, 2, 3].map((value) => codeOf(byRows.scheduler.submit(jobOf([value], 1))));
    const byBytes = set({ maxQueueBytes: 8 });
    const bytes = [1, 2, 3].map((value) => codeOf(byBytes.scheduler.submit(jobOf([value], 1))));
    expect(await Promise.all([rows[2], bytes[2]])).toEqual(['queue_full', 'queue_full']);
    expect(byRows.scheduler.load).toMatchObject({ waitingRows: 2, waitingRequests: 2, running: 0 });
  });

  it('accepts a request larger than the queue when the queue is empty', async () => {
    const { clock, scheduler, start } = set({ maxQueueRows: 2 });
    const answer = codeOf(scheduler.submit(jobOf([1, 2, 3], 1)));
    start();
    await clock.pass(10);
    expect(await answer).toBe('ok');
  });

  it('drops requests past their deadline while no instance is idle', async () => {
    const { clock, scheduler } = set();
    const late = codeOf(scheduler.submit(jobOf([1], 1, { deadline: 20 })));
    await clock.pass(100);
    expect(await late).toBe('deadline_exceeded');
    expect(scheduler.load.waitingRequests).toBe(0);
  });

  it('does not run requests whose client has disconnected', async () => {
    const { clock, scheduler, start } = set();
    const gone = codeOf(scheduler.submit(jobOf([1], 1, { abandoned: () => true })));
    const instance = start();
    await clock.pass(20);
    expect(await gone).toBe('cancelled');
    expect(instance.batches).toEqual([]);
  });

  it('lets an instance finish before it is removed', async () => {
    const { clock, scheduler, start } = set();
    const instance = start();
    const answer = codeOf(scheduler.submit(jobOf([1], 1)));
    const events: string[] = [];
    void answer.then(() => events.push('answered'));
    await clock.pass(0);
    void scheduler.remove(instance).then(() => events.push('removed'));
    void scheduler.submit(jobOf([2], 1)).catch(() => {});
    await clock.pass(50);
    expect(events.toSorted()).toEqual(['answered', 'removed']);
    expect(instance.batches).toEqual([1]);
  });

  it('resolves drained() whenever nothing is queued or running', async () => {
    const { clock, scheduler, start } = set();
    await scheduler.drained();
    const late = codeOf(scheduler.submit(jobOf([1], 1, { deadline: 20 })));
    const events: string[] = [];
    void scheduler.drained().then(() => events.push('dropped'));
    await clock.pass(10);
    expect(events).toEqual([]);
    await clock.pass(90);
    expect([await late, ...events]).toEqual(['deadline_exceeded', 'dropped']);

    start();
    const answer = codeOf(scheduler.submit(jobOf([1], 1)));
    void scheduler.drained().then(() => events.push('run'));
    await clock.pass(0);
    expect(events).toEqual(['dropped']);
    await clock.pass(50);
    expect([await answer, ...events]).toEqual(['ok', 'dropped', 'run']);
  });
});
