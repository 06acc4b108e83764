import { TargetFailure, type FailureKind } from '../../../../src/remote/target-failure';
import { VirtualClock } from '../../scheduling/virtual-clock';
import { infer, sceneOf } from './fake-target';

describe('a failed attempt', () => {
  it.each<FailureKind>(['connect', 'broken', 'failed', 'garbage', 'misconfigured', 'overloaded'])(
    'that is %s is retried on another target',
    async (behaviour) => {
      const clock = new VirtualClock();
      const { ask, targets, notes } = await sceneOf(clock, [{ weight: 1000 }, {}]);
      targets[0]!.behaviour = behaviour;
      const asked = ask();
      await clock.pass(200);
      expect(await asked).toBe('b');
      expect(notes.outcomes).toEqual([behaviour, 'success']);
      expect(notes.retries).toHaveLength(1);
    },
  );

  it('that is rejected is the answer at once, whatever else there is', async () => {
    const clock = new VirtualClock();
    const { fleet, targets } = await sceneOf(clock, [{ weight: 1000 }, {}]);
    targets[0]!.behaviour = 'rejected';
    for (let count = 0; count < 5; count++) {
      const answer = fleet.run({ session: undefined, deadline: 1e6, abandoned: undefined }, infer);
      const [error] = await Promise.all([errorOf(answer), clock.pass(20)]);
      expect(error).toMatchObject({ kind: 'invalid', code: 'target_rejected', message: 'it is rejected' });
    }
    expect(targets[1]!.received).toBe(0);
    expect(fleet.status()[0]!.state).toBe('healthy');
  });

  it.each<[FailureKind, TargetFailure['details'], string]>([
    ['connect', {}, 'target_failed'],
    ['broken', {}, 'target_failed'],
    ['broken', { timedOut: true }, 'target_timeout'],
    ['garbage', {}, 'target_failed'],
    ['misconfigured', {}, 'target_failed'],
  ])('that is %s %j at every target is answered %s', async (behaviour, details, code) => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{}, {}, {}, {}]);
    for (const target of targets) Object.assign(target, { behaviour, details });
    const asked = ask();
    await clock.pass(5000);
    expect(await asked).toBe(code);
    expect(targets.filter(({ received }) => received === 1)).toHaveLength(3);
    expect(targets.filter(({ received }) => received === 0)).toHaveLength(1);
  });

  it('that is overloaded is retried once, and then says how long to wait', async () => {
    const clock = new VirtualClock();
    const { fleet, targets, notes } = await sceneOf(clock, [{}, {}, {}]);
    for (const target of targets)
      Object.assign(target, { behaviour: 'overloaded', details: { retryAfterMs: 2500 } });
    const answer = fleet.run({ session: undefined, deadline: 1e6, abandoned: undefined }, infer);
    const [error] = await Promise.all([errorOf(answer), clock.pass(20)]);
    expect(error).toMatchObject({ code: 'targets_overloaded', details: { retryAfterSeconds: 3 } });
    expect(notes.outcomes).toEqual(['overloaded', 'overloaded']);
    expect(fleet.status().every(({ state }) => state === 'healthy')).toBe(true);
  });

  it('is retried on the same target if there is no other', async () => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{}]);
    targets[0]!.behaviour = 'broken';
    const asked = ask();
    await clock.pass(10);
    targets[0]!.behaviour = 'answers';
    await clock.pass(200);
    expect(await asked).toBe('a');
  });

  it('waits as long as the target asks, if the deadline allows it', async () => {
    const clock = new VirtualClock();
    const { ask, targets, notes } = await sceneOf(clock, [{}]);
    Object.assign(targets[0]!, { behaviour: 'failed', details: { retryAfterMs: 2000 } });
    void ask();
    void ask({ deadline: 1000 });
    await clock.pass(900);
    expect(notes.outcomes.slice(0, 2)).toEqual(['failed', 'failed']);
    const early = targets[0]!.received;
    expect(early).toBeGreaterThanOrEqual(3);
    await clock.pass(1115);
    expect(targets[0]!.received).toBeGreaterThanOrEqual(early);
  });

  it('that is no failure of the target is passed on as it is', async () => {
    const clock = new VirtualClock();
    const { fleet, notes } = await sceneOf(clock, [{}]);
    const request = { session: undefined, deadline: 1e6, abandoned: undefined };
    await expect(fleet.run(request, () => Promise.reject(new TypeError('a defect')))).rejects.toThrow(
      'a defect',
    );
    await expect(
      fleet.run(request, () => {
        throw new TypeError('another');
      }),
    ).rejects.toThrow('another');
    expect(notes.outcomes).toEqual(['failed', 'failed']);
    expect(fleet.inFlight).toBe(0);
  });
});

describe('the retry budget', () => {
  it('makes retries wait, and a target that is back answers them', async () => {
    const clock = new VirtualClock();
    const { ask, targets, notes } = await sceneOf(clock, [{ weight: 1000 }, {}]);
    targets[0]!.behaviour = 'broken';
    const asked = Array.from({ length: 64 }, () => ask());
    await clock.pass(1000);
    expect(notes.retries).toHaveLength(30);
    expect(notes.exhausted).toBeGreaterThan(0);
    await clock.pass(25_000);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['b']));
  });
});

describe('a request', () => {
  it('ends when its client leaves', async () => {
    const clock = new VirtualClock();
    const { ask, targets, notes, fleet } = await sceneOf(clock, [{}]);
    targets[0]!.behaviour = 'hangs';
    let hasLeft = false;
    const asked = ask({ abandoned: () => hasLeft });
    await clock.pass(500);
    hasLeft = true;
    await clock.pass(30);
    expect(await asked).toBe('cancelled');
    expect(targets[0]!.cancelled).toBe(1);
    expect(notes.outcomes).toEqual(['cancelled']);
    expect(fleet.inFlight).toBe(0);
    expect(fleet.status()[0]!.inFlight).toBe(0);
  });

  it('ends at its deadline, which does not count against a target', async () => {
    const clock = new VirtualClock();
    const { ask, targets, notes, fleet } = await sceneOf(clock, [{}, {}]);
    for (const target of targets) target.behaviour = 'hangs';
    const asked = Array.from({ length: 10 }, () => ask({ deadline: 500 }));
    await clock.pass(530);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['deadline_exceeded']));
    expect(new Set(notes.outcomes)).toEqual(new Set(['timeout']));
    expect(fleet.status().every(({ state }) => state === 'healthy')).toBe(true);
  });

  it('is in flight until its answer is ended', async () => {
    const clock = new VirtualClock();
    const { fleet, notes } = await sceneOf(clock, [{}]);
    let hasLeft = false;
    const run = () =>
      fleet.run(
        { session: undefined, deadline: 1e6, abandoned: () => hasLeft },
        async (_connection, _target, attempt) => {
          attempt.onCancel = () => notes.events.push('aborted');
          return 'a stream';
        },
      );
    const answer = await run();
    expect(fleet.status()[0]!.inFlight).toBe(1);
    expect(notes.outcomes).toEqual([]);
    await clock.pass(1000);
    answer.end();
    answer.end(true);
    expect(notes.outcomes).toEqual(['success']);
    expect([fleet.inFlight, fleet.status()[0]!.inFlight]).toEqual([0, 0]);

    const second = await run();
    second.end(true);
    expect(notes.outcomes).toEqual(['success', 'broken']);

    const third = await run();
    hasLeft = true;
    await clock.pass(30);
    expect(notes.events.at(-1)).toBe('aborted');
    third.end();
    expect(notes.outcomes).toEqual(['success', 'broken', 'cancelled']);
    expect([fleet.inFlight, fleet.status()[0]!.inFlight]).toEqual([0, 0]);
  });
});

describe('hedging', () => {
  it('sends a slow request to a second target, and takes the first answer', async () => {
    const clock = new VirtualClock();
    const { ask, targets, notes } = await sceneOf(clock, [{ weight: 1000 }, {}], { hedge: true });
    for (let count = 0; count < 40; count++) await Promise.all([ask(), clock.pass(20)]);
    expect(notes.retries).toEqual([]);
    targets[0]!.latencyMs = 200;
    const asked = ask();
    await clock.pass(40);
    expect(await asked).toBe('b');
    expect(notes.retries.map(({ why }) => why)).toEqual(['hedge']);
    expect(notes.outcomes.slice(-2)).toEqual(['cancelled', 'success']);
    expect(targets[0]!.cancelled).toBe(1);
    await clock.pass(500);
    expect(notes.outcomes).toHaveLength(42);
  });

  it('does not end a request when one of two attempts fails', async () => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{ weight: 1000 }, {}], { hedge: true });
    for (let count = 0; count < 40; count++) await Promise.all([ask(), clock.pass(20)]);
    targets[0]!.latencyMs = 100;
    targets[1]!.behaviour = 'failed';
    const asked = ask();
    await clock.pass(150);
    expect(await asked).toBe('a');
  });
});

function errorOf(answer: Promise<unknown>): Promise<unknown> {
  return answer.then(
    () => undefined,
    (error: unknown) => error,
  );
}
