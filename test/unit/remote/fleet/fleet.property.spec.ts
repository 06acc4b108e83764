import fc from 'fast-check';
import { VirtualClock } from '../../scheduling/virtual-clock';
import { FakeTarget, sceneOf, sequence, type Scene } from './fake-target';

const CHANGES: Record<string, (target: FakeTarget) => void> = {
  dies: (target) => target.die(),
  freezes: (target) => target.freeze(),
  'hangs, but passes its checks': (target) => Object.assign(target, { behaviour: 'hangs', checks: 'pass' }),
  fails: (target) => Object.assign(target, { behaviour: 'failed' }),
  'answers garbage': (target) => Object.assign(target, { behaviour: 'garbage' }),
  'breaks off': (target) => Object.assign(target, { behaviour: 'broken' }),
  'is overloaded': (target) => Object.assign(target, { behaviour: 'overloaded' }),
  'rejects requests': (target) => Object.assign(target, { behaviour: 'rejected' }),
  'fails its checks': (target) => Object.assign(target, { checks: 'failed' }),
  'is slow': (target) => Object.assign(target, { latencyMs: 400 }),
  'is fast': (target) => Object.assign(target, { latencyMs: 10 }),
  recovers: (target) => target.recover(),
};

/** Changes after which another target may still answer every request. */
const RETRIED = [
  'dies',
  'freezes',
  'fails',
  'answers garbage',
  'breaks off',
  'is slow',
  'is fast',
  'recovers',
];

type Step = Readonly<{
  pauseMs: number;
  target: number;
  change: string;
  requests: number;
  isSession: boolean;
}>;

const stepsOf = (changes: readonly string[]) =>
  fc.array(
    fc.record({
      pauseMs: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 4000 })),
      target: fc.nat({ max: 3 }),
      change: fc.constantFrom(...changes),
      requests: fc.nat({ max: 25 }),
      isSession: fc.boolean(),
    }),
    { minLength: 1, maxLength: 25 },
  );

/** Plays a script. @param change what happens to targets. @param deadlineMs of each request. */
async function play(
  clock: VirtualClock,
  scene: Scene,
  steps: readonly Step[],
  change: (step: Step) => void,
  deadlineMs: number,
): Promise<readonly string[]> {
  const asked: Promise<string>[] = [];
  const requestedAt: number[] = [];
  for (const step of steps) {
    change(step);
    for (let count = 0; count < step.requests; count++) {
      const session = step.isSession ? `session ${count % 4}` : undefined;
      requestedAt.push(clock.now());
      asked.push(scene.ask({ session, deadline: clock.now() + deadlineMs }));
    }
    await clock.pass(step.pauseMs);
    const ejected = scene.fleet.status().filter(({ state }) => state === 'ejected');
    expect(ejected.length).toBeLessThanOrEqual(scene.targets.length / 2);
  }
  await clock.pass(deadlineMs + 30);
  const outcomes = await Promise.all(asked);

  const { fleet, targets, notes } = scene;
  expect(fleet.inFlight).toBe(0);
  expect(fleet.status().every(({ inFlight }) => inFlight === 0)).toBe(true);
  expect(notes.outcomes).toHaveLength(targets.reduce((total, { received }) => total + received, 0));
  for (const { at } of notes.retries) {
    const within = (time: number) => time <= at && time > at - 10_000;
    const retries = notes.retries.filter((retry) => within(retry.at)).length;
    expect(retries).toBeLessThanOrEqual(Math.max(30, 0.2 * requestedAt.filter(within).length));
  }
  await fleet.close();
  return outcomes;
}

describe('a fleet, whatever its targets do', () => {
  it('fails no request while a healthy target exists', async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(RETRIED), fc.boolean(), fc.integer(), async (steps, hedge, seed) => {
        const clock = new VirtualClock();
        const scene = await sceneOf(clock, [{}, {}, {}], { hedge }, sequence(seed));
        // The last one stays healthy.
        const change = (step: Step) => CHANGES[step.change]!(scene.targets[step.target % 2]!);
        const outcomes = await play(clock, scene, steps, change, 120_000);
        expect(outcomes.filter((outcome) => !'abc'.includes(outcome))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('settles every request by its deadline, and counts every attempt once', async () => {
    const policies = fc.record({ hedge: fc.boolean(), retries: fc.nat({ max: 4 }) });
    await fc.assert(
      fc.asyncProperty(
        stepsOf(Object.keys(CHANGES)),
        policies,
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(3, 64),
        fc.integer(),
        async (steps, policy, count, maxInFlight, seed) => {
          const clock = new VirtualClock();
          const settings = Array.from({ length: count }, (_, index) => ({ maxInFlight, weight: index + 1 }));
          const scene = await sceneOf(clock, settings, policy, sequence(seed));
          const change = (step: Step) => CHANGES[step.change]!(scene.targets[step.target % count]!);
          const outcomes = await play(clock, scene, steps, change, 3000);
          expect(outcomes).toHaveLength(steps.reduce((total, { requests }) => total + requests, 0));
        },
      ),
      { numRuns: 40 },
    );
  });
});
