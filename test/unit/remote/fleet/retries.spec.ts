import { DEFAULT_POLICY } from '../../../../src/remote/fleet/fleet-policy';
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

  it('that is overloaded leaves the target alone for the time that it asks for', async () => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{ weight: 1000 }, {}]);
    Object.assign(targets[0]!, { behaviour: 'overloaded', details: { retryAfterMs: 1000 } });
    await Promise.all([ask(), clock.pass(50)]);
    for (let count = 0; count < 20; count++) await Promise.all([ask(), clock.pass(20)]);
    expect(targets.map(({ received }) => received)).toEqual([1, 21]);
    targets[0]!.recover();
    await clock.pass(1000);
    expect(await Promise.all([ask(), clock.pass(50)])).toEqual(['a', undefined]);
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

  it('ends an attempt whose response takes longer than a whole one may', async () => {
    const clock = new VirtualClock();
    const timeouts = { ...DEFAULT_POLICY.timeouts, totalMs: 500 };
    const { ask, targets, notes } = await sceneOf(clock, [{ weight: 1000 }, {}], { timeouts });
    targets[0]!.behaviour = 'hangs';
    const asked = ask();
    await clock.pass(600);
    expect(await asked).toBe('b');
    expect(targets[0]!.cancelled).toBe(1);
    expect(notes.outcomes).toEqual(['timeout', 'success']);
  });

  it('waits as long as the target asks, if the deadline allows it', async () => {
    const clock = new VirtualClock();
    const { ask, targets, notes } = await sceneOf(clock, [{}]);
    Object.assign(targets[0]!, { behaviour: 'failed', details: { retryAfterMs: 2000 } });
    const patient = ask();
    await clock.pass(2000);
    expect(notes.outcomes).toEqual(['failed']);
    await clock.pass(60);
    expect(notes.outcomes).toEqual(['failed', 'failed']);
    await clock.pass(3000);
    expect(await patient).toBe('target_failed');

    const hurried = ask({ deadline: clock.now() + 1000 });
    await clock.pass(500);
    expect(await hurried).toBe('target_failed');
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

describe('a retry', () => {
  it('waits while the other targets are full, and comes before new requests', async () => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{ weight: 1000, maxInFlight: 1 }, { maxInFlight: 1 }]);
    await clock.pass(300);
    targets[0]!.die();
    targets[1]!.latencyMs = 110;
    const first = ask();
    const second = ask();
    await clock.pass(109);
    expect(await ask()).toBe('targets_full');
    await clock.pass(2);
    expect(await second).toBe('b');
    expect(await ask()).toBe('targets_full');
    await clock.pass(110);
    expect(await first).toBe('b');
  });

  it('is not wasted on the target that failed while another has no room', async () => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{ weight: 1000, maxInFlight: 1 }, { maxInFlight: 1 }]);
    targets[0]!.behaviour = 'broken';
    targets[1]!.latencyMs = 5000;
    const asked = [ask(), ask()];
    await clock.pass(10_100);
    expect(await Promise.all(asked)).toEqual(['b', 'b']);
    expect(targets[0]!.received).toBe(1);
  });

  it('does not wait for the budget when no healthy target is left to try', async () => {
    const clock = new VirtualClock();
    const { ask, targets, notes } = await sceneOf(clock, [{}]);
    targets[0]!.behaviour = 'failed';
    const asked = Array.from({ length: 60 }, () => ask());
    await clock.pass(1000);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['target_failed']));
    expect(notes.retries).toHaveLength(30);
  });

  it('does not wait when as many wait as may be in flight', async () => {
    const clock = new VirtualClock();
    const { ask, targets, fleet } = await sceneOf(
      clock,
      [1, 4, 4].map((maxInFlight) => ({ maxInFlight })),
    );
    targets[0]!.behaviour = 'hangs';
    for (const target of targets.slice(1)) Object.assign(target, { behaviour: 'broken', latencyMs: 1 });
    const asked: Promise<string>[] = [];
    for (let count = 0; count < 200; count++) {
      asked.push(ask());
      await clock.pass(50);
      expect(fleet.inFlight).toBeLessThanOrEqual(18);
    }
    await clock.pass(31_000);
    const outcomes = await Promise.all(asked);
    expect(outcomes.filter((outcome) => outcome === 'target_failed').length).toBeGreaterThan(100);
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

  it('ignores an answer that comes after its end', async () => {
    const clock = new VirtualClock();
    const { fleet, notes } = await sceneOf(clock, [{}]);
    const late = fleet.run(
      { session: undefined, deadline: 100, abandoned: undefined },
      () => new Promise((resolve) => clock.after(500, () => resolve('late'))),
    );
    const [error] = await Promise.all([errorOf(late), clock.pass(130)]);
    expect(error).toMatchObject({ code: 'deadline_exceeded' });
    await clock.pass(1000);
    expect(notes.outcomes).toEqual(['timeout']);
    expect([fleet.inFlight, fleet.status()[0]!.inFlight]).toEqual([0, 0]);
    expect(
      await Promise.all([
        fleet.run({ session: undefined, deadline: 9999, abandoned: undefined }, infer),
        clock.pass(20),
      ]),
    ).toMatchObject([{ value: 'a' }, undefined]);
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
