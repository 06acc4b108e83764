import fc from 'fast-check';
import { Scheduler } from '../../../src/scheduling/scheduler';
import { Doubler, floatsOf, jobOf, KILLER, NOBODY, POISON } from './doubler';
import { VirtualClock } from './virtual-clock';

type Fate = 'plain' | 'poison' | 'killer' | 'leaves' | 'hurried';

const requests = fc.array(
  fc.record({
    rows: fc.integer({ min: 1, max: 12 }),
    width: fc.integer({ min: 1, max: 3 }),
    pauseMs: fc.integer({ min: 0, max: 15 }),
    priority: fc.integer({ min: 1, max: 3 }),
    fate: fc.constantFrom<Fate>('plain', 'plain', 'plain', 'plain', 'poison', 'killer', 'leaves', 'hurried'),
  }),
  { minLength: 1, maxLength: 40 },
);

/** With any number of rows up to the most, or with some numbers only. */
const batchSizes = fc.oneof(
  fc.integer({ min: 1, max: 8 }).map((maxBatchRows) => ({ maxBatchRows })),
  fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1 }).map((sizes) => {
    const allowedBatchSizes = sizes.toSorted((one, other) => one - other);
    return { maxBatchRows: allowedBatchSizes.at(-1)!, allowedBatchSizes };
  }),
);

const allowed: Record<Fate, readonly string[]> = {
  plain: ['ok'],
  poison: ['execution_failed'],
  killer: ['runner_lost'],
  leaves: ['ok', 'cancelled'],
  hurried: ['ok', 'deadline_exceeded', 'deadline_unmeetable'],
};

describe('the scheduler, whatever comes', () => {
  it('answers each request once, with its own rows, and fails none for the sake of another', async () => {
    await fc.assert(fc.asyncProperty(requests, batchSizes, fc.integer({ min: 1, max: 3 }), play), {
      numRuns: 150,
    });
  });
});

async function play(
  plan: readonly { rows: number; width: number; pauseMs: number; priority: number; fate: Fate }[],
  { maxBatchRows, allowedBatchSizes }: { maxBatchRows: number; allowedBatchSizes?: number[] },
  instances: number,
): Promise<void> {
  const clock = new VirtualClock();
  const limits = {
    maxBatchRows,
    ...(allowedBatchSizes && { allowedBatchSizes }),
    maxQueueDelayUs: 0,
    maxQueueRows: 1e6,
    maxQueueBytes: 1e9,
    timeoutMs: 1000,
  };
  const scheduler = new Scheduler('doubler', limits, clock, NOBODY);
  const doublers: Doubler[] = [];
  const start = () => {
    doublers.push(new Doubler(clock, 10, () => clock.after(7, start)));
    scheduler.add(doublers.at(-1)!);
  };
  for (let count = 0; count < instances; count++) start();

  const outcomes: string[] = [];
  let next = 1;
  for (const [index, { rows, width, pauseMs, priority, fate }] of plan.entries()) {
    const values = Array.from({ length: rows * width }, () => next++);
    if (fate === 'poison') values[values.length - 1] = POISON;
    if (fate === 'killer') values[values.length - 1] = KILLER;
    const leftAt = clock.now() + 5;
    const job = jobOf(values, width, {
      caller: `caller ${index % 3}`,
      priority,
      deadline: fate === 'hurried' ? clock.now() + 5 : Infinity,
      abandoned: () => fate === 'leaves' && clock.now() >= leftAt,
    });
    scheduler.submit(job).then(
      ({ outputs }) => {
        expect(outputs.map(({ shape }) => shape)).toEqual([[rows, width]]);
        expect(floatsOf(outputs[0]!.data)).toEqual(values.map((value) => value * 2));
        outcomes[index] = (outcomes[index] ?? '') + 'ok';
      },
      (error: { code: string }) => (outcomes[index] = (outcomes[index] ?? '') + error.code),
    );
    await clock.pass(pauseMs);
  }
  await clock.pass(100_000);

  plan.forEach(({ fate }, index) => expect(allowed[fate]).toContain(outcomes[index]));
  expect(scheduler.load).toEqual({ waitingRows: 0, waitingRequests: 0, running: 0, delayMs: 0, waitMs: 0 });
  for (const doubler of doublers)
    for (const rows of doubler.batches)
      expect(allowedBatchSizes?.includes(rows) ?? rows <= maxBatchRows).toBe(true);
}
