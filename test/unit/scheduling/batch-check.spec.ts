import fc from 'fast-check';
import type { SchedulerLimits } from '../../../src/scheduling/limits';
import type { CheckOutcome } from '../../../src/scheduling/observer';
import { Scheduler } from '../../../src/scheduling/scheduler';
import { Doubler, floatsOf, jobOf, LIMITS, Mixer, NOBODY } from './doubler';
import { VirtualClock } from './virtual-clock';

/** Room for many more requests in the queue. */
const ROOMY = { ...LIMITS, maxQueueRows: 10_000, maxQueueBytes: 1e6 };
const RUN_MS = 10;

function set(
  Kind: typeof Doubler,
  limits: Partial<SchedulerLimits>,
  instances = 1,
  runMs: number | ((rows: number) => number) = RUN_MS,
) {
  const clock = new VirtualClock();
  const checks: CheckOutcome[] = [];
  const observer = { ...NOBODY, checked: (outcome: CheckOutcome) => void checks.push(outcome) };
  const scheduler = new Scheduler('m', { ...ROOMY, ...limits }, clock, observer);
  const runners = Array.from({ length: instances }, () => new Kind(clock, runMs));
  for (const runner of runners) scheduler.add(runner);
  const ask = async (...values: number[]) => {
    const { outputs } = await scheduler.submit(jobOf(values, 1));
    return floatsOf(outputs[0]!.data);
  };
  return { clock, checks, scheduler, runners, ask };
}

const alone = (values: readonly number[]) => values.map((value) => value + Math.max(...values));

describe('the check of batches', () => {
  it('verifies each of the first thousand batches of several requests if that takes little time, then a share of them', async () => {
    const runMs = (rows: number) => (rows === 1 ? 0 : RUN_MS);
    const { clock, checks, ask } = set(Doubler, { verifyBatching: 0.01 }, 1, runMs);
    const answers: Promise<number[]>[] = [];
    for (let round = 0; round < 1300; round++) {
      answers.push(ask(1), ask(2));
      await clock.pass(3 * RUN_MS);
    }
    await Promise.all(answers);
    expect(checks).toEqual(Array(1003).fill('same'));
  });

  it('takes a fiftieth of the run time after the first 32', async () => {
    const { clock, checks, ask } = set(Doubler, { verifyBatching: 1e-6 });
    const answers: Promise<number[]>[] = [];
    for (let round = 0; round < 32 + 200; round++) {
      answers.push(ask(1), ask(2));
      await clock.pass(3 * RUN_MS);
    }
    await Promise.all(answers);
    expect(checks).toHaveLength(32 + 1 + 200 / 50);
  });

  it('looks at every batch where that is configured, whatever it takes', async () => {
    const { clock, checks, ask } = set(Doubler, { verifyBatching: 1 });
    const answers: Promise<number[]>[] = [];
    for (let round = 0; round < 100; round++) {
      answers.push(ask(1), ask(2));
      await clock.pass(3 * RUN_MS);
    }
    await Promise.all(answers);
    expect(checks).toHaveLength(100);
  });

  it('leaves requests that ran by themselves, and everything where it is turned off', async () => {
    const one = set(Doubler, { verifyBatching: 1 });
    const single = one.ask(1, 2, 3);
    await one.clock.pass(RUN_MS);
    expect([await single, one.checks]).toEqual([[2, 4, 6], []]);
    const off = set(Mixer, { verifyBatching: 0 });
    const both = [off.ask(1), off.ask(5)];
    await off.clock.pass(RUN_MS);
    expect([await Promise.all(both), off.checks]).toEqual([[[6], [10]], []]);
  });

  it('runs those again alone of which one came out differently, before any is answered', async () => {
    const { clock, checks, scheduler, runners, ask } = set(Mixer, { verifyBatching: 0.001 });
    // The second request is looked at first.
    const both = [ask(5), ask(1)];
    await clock.pass(5 * RUN_MS);
    expect(await Promise.all(both)).toEqual([[10], [2]]);
    expect([checks, await scheduler.mixed]).toEqual([['mixed'], 'y']);
    // The batch, the row alone, the row beside its copies, and each request.
    expect(runners[0]!.batches).toEqual([2, 1, 2, 1, 1]);
  });

  it('puts requests together again that were split', async () => {
    const { clock, ask } = set(Mixer, { verifyBatching: 1 });
    const values = [1, 2, 3, 4, 9, 8, 7, 6, 5];
    const split = ask(...values);
    await clock.pass(20 * RUN_MS);
    expect(await split).toEqual(alone(values));
  });

  it('does not fill up batches any more', async () => {
    const { clock, ask } = set(Mixer, { verifyBatching: 1, allowedBatchSizes: [4] });
    const filled = ask(1, 2, 3);
    await clock.pass(10 * RUN_MS);
    expect(await filled).toEqual(alone([1, 2, 3]));
  });

  it('holds for every later answer, whatever comes', async () => {
    const request = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 9 });
    const plan = fc.array(fc.tuple(request, fc.integer({ min: 0, max: 15 })), {
      minLength: 2,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(plan, fc.integer({ min: 1, max: 3 }), async (requests, instances) => {
        const { clock, scheduler, ask } = set(Mixer, { verifyBatching: 1 }, instances);
        let isMixed = false;
        void scheduler.mixed.then(() => (isMixed = true));
        const answered: Promise<[values: number[], answer: number[], afterwards: boolean]>[] = [];
        for (const [values, pauseMs] of requests) {
          answered.push(ask(...values).then((answer) => [values, answer, isMixed]));
          await clock.pass(pauseMs);
        }
        await clock.pass(100_000);
        for (const [values, answer, afterwards] of await Promise.all(answered)) {
          expect(answer).toHaveLength(values.length);
          if (afterwards) expect(answer).toEqual(alone(values));
        }
      }),
      { numRuns: 200 },
    );
  });
});
