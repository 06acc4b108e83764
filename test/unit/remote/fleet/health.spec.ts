import { VirtualClock } from '../../scheduling/virtual-clock';
import { sceneOf, type Scene } from './fake-target';

/** Sends one request every 20 ms. */
async function load({ ask }: Scene, clock: VirtualClock, requests: number): Promise<string[]> {
  const asked: Promise<string>[] = [];
  for (let count = 0; count < requests; count++) {
    asked.push(ask());
    await clock.pass(20);
  }
  await clock.pass(31_000);
  return Promise.all(asked);
}

describe('active health checks', () => {
  it('find a target that hangs, and free its requests', async () => {
    const clock = new VirtualClock();
    // Requests without an answer bring the check forward.
    const scene = await sceneOf(clock, [{ weight: 1000 }, {}], { healthIntervalMs: 600_000 });
    await load(scene, clock, 30);
    scene.targets[0]!.freeze();
    const asked = scene.ask();
    await clock.pass(3000);
    expect(await asked).toBe('b');
    expect(scene.fleet.status()[0]).toMatchObject({
      state: 'unreachable',
      reason: 'a health check took over 1500 ms',
    });
    expect(scene.notes.outcomes.slice(-2)).toEqual(['broken', 'success']);
  });

  it('that end an attempt also end its claim to answer', async () => {
    const clock = new VirtualClock();
    const { fleet, targets, notes } = await sceneOf(clock, [{ weight: 1000 }, {}]);
    targets[0]!.checks = 'connect';
    const request = { session: undefined, deadline: 1e6, abandoned: undefined };
    const asked = fleet.run(
      request,
      ({ name }) => new Promise((done) => clock.after(3000, () => done(name))),
    );
    await clock.pass(7000);
    const answer = await asked;
    answer.end();
    expect([answer.value, fleet.inFlight]).toEqual(['b', 0]);
    expect(answer.waitedMs).toBeGreaterThan(1000);
    expect(answer.upstreamMs).toBe(3000);
    expect(notes.outcomes).toEqual(['broken', 'success']);
  });

  it('need two failures, but only one if there is no connection', async () => {
    const clock = new VirtualClock();
    const { targets, fleet } = await sceneOf(clock, [{}, {}]);
    await clock.pass(100);
    targets[0]!.checks = 'connect';
    targets[1]!.checks = 'failed';
    const checked = targets[1]!.checked;
    while (targets[1]!.checked === checked) await clock.pass(1);
    await clock.pass(1);
    expect(fleet.status()[1]!.state).toBe('healthy');
    await clock.pass(500);
    expect(fleet.status().map(({ state }) => state)).toEqual(['unreachable', 'unreachable']);
    expect(targets[0]!.checked).toBeLessThan(5);
  });

  it('take a target out that is overloaded from the start, until it is not', async () => {
    const clock = new VirtualClock();
    const { targets, fleet, notes } = await sceneOf(clock, [{}], {}, undefined, (target) => {
      target.checks = 'overloaded';
    });
    await clock.pass(1000);
    expect(fleet.status()[0]!.state).toBe('unreachable');
    expect(notes.events.at(-1)).toBe('unusable: the check failed');
    targets[0]!.recover();
    await clock.pass(5000);
    expect(notes.events.at(-1)).toBe('usable');
  });

  it('repeat soon, then more and more rarely, and bring the target back', async () => {
    const clock = new VirtualClock();
    const { targets, fleet, notes } = await sceneOf(clock, [{}], { healthIntervalMs: 4000 });
    targets[0]!.die();
    await clock.pass(4500);
    const soon = targets[0]!.checked;
    await clock.pass(60_000);
    const later = targets[0]!.checked - soon;
    expect(later).toBeGreaterThan(12);
    expect(later).toBeLessThan(25);
    targets[0]!.recover();
    await clock.pass(4500);
    expect(fleet.usable).toBe(true);
    expect(notes.events.slice(-2)).toEqual(['a back', 'usable']);
  });

  it('leave a target alone that is too busy for them', async () => {
    const clock = new VirtualClock();
    const { targets, fleet } = await sceneOf(clock, [{}]);
    targets[0]!.checks = 'overloaded';
    await clock.pass(20_000);
    expect(fleet.status()[0]!.state).toBe('healthy');
  });

  it('that fail at the start leave the fleet unusable, with the reason', async () => {
    const clock = new VirtualClock();
    const scene = await sceneOf(clock, [{}, {}]);
    for (const target of scene.targets) target.die();
    await clock.pass(10_000);
    expect(scene.notes.events.at(-1)).toBe('unusable: all 2 are down, one because the check failed');
    expect(await scene.ask()).toBe('no_target');
  });

  it('run at once when a connection fails', async () => {
    const clock = new VirtualClock();
    const { targets, fleet, ask } = await sceneOf(clock, [{}], { healthIntervalMs: 60_000 });
    await clock.pass(1000);
    targets[0]!.die();
    const asked = ask();
    await clock.pass(5);
    expect(fleet.status()[0]!.state).toBe('unreachable');
    await clock.pass(50);
    expect(await asked).toBe('target_failed');
  });
});

describe('outlier detection', () => {
  it('ejects a target after 3 failures in a row, for longer each time', async () => {
    const clock = new VirtualClock();
    const scene = await sceneOf(clock, [{}, {}]);
    scene.targets[0]!.behaviour = 'failed';
    await load(scene, clock, 1000);
    const { events } = scene.notes;
    expect(events.filter((event) => event === 'a out: 3 requests in a row failed').length).toBeGreaterThan(2);
    expect(events.filter((event) => event === 'a back').length).toBeGreaterThan(1);
    expect(events.some((event) => event.startsWith('b'))).toBe(false);
    expect(scene.targets[0]!.received).toBeLessThan(30);
  });

  it('never ejects the only target, or more than half', async () => {
    const clock = new VirtualClock();
    const alone = await sceneOf(clock, [{}]);
    alone.targets[0]!.behaviour = 'failed';
    await load(alone, clock, 50);
    expect(alone.fleet.status()[0]!.state).toBe('healthy');

    const three = await sceneOf(clock, [{}, {}, {}]);
    for (const target of three.targets) target.behaviour = 'failed';
    await load(three, clock, 50);
    expect(three.notes.events.filter((event) => event.includes('out')).length).toBeGreaterThan(0);
    const states = three.fleet.status().filter(({ state }) => state === 'ejected');
    expect(states.length).toBeLessThan(2);
  });

  it('ejects a target that is much slower than the others', async () => {
    const clock = new VirtualClock();
    const scene = await sceneOf(clock, [{}, {}, {}]);
    await clock.pass(20_000);
    scene.targets[2]!.latencyMs = 300;
    for (let count = 0; count < 200; count++) {
      for (let each = 0; each < 10; each++) void scene.ask();
      await clock.pass(50);
    }
    expect(scene.notes.events.join('\n')).toMatch(/c out: it takes \d+ ms, and the other targets 10 ms/);
  });

  it('ejects a target that hangs though its checks pass', async () => {
    const clock = new VirtualClock();
    const scene = await sceneOf(clock, [{ weight: 1000 }, {}]);
    await load(scene, clock, 30);
    scene.targets[0]!.behaviour = 'hangs';
    const asked = Array.from({ length: 3 }, () => scene.ask({ deadline: clock.now() + 2000 }));
    await clock.pass(2030);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['b', 'deadline_exceeded']));
    for (let count = 0; count < 4; count++)
      await Promise.all([scene.ask({ deadline: clock.now() + 2000 }), clock.pass(2030)]);
    expect(scene.notes.events).toContain('a out: 3 requests in a row failed');
  });

  it('takes ejected targets back when the others are lost', async () => {
    const clock = new VirtualClock();
    const scene = await sceneOf(clock, [{ weight: 1000 }, {}]);
    scene.targets[0]!.behaviour = 'failed';
    while (scene.fleet.status()[0]!.state !== 'ejected') await Promise.all([scene.ask(), clock.pass(100)]);
    scene.targets[0]!.recover();
    scene.targets[1]!.die();
    await clock.pass(400);
    const asked = scene.ask();
    await clock.pass(2500);
    expect(await asked).toBe('a');
  });

  it('ejects a misconfigured target at once, but not the last one', async () => {
    const clock = new VirtualClock();
    const scene = await sceneOf(clock, [{ weight: 1000 }, {}]);
    for (const target of scene.targets) target.behaviour = 'misconfigured';
    const asked = scene.ask();
    await clock.pass(500);
    expect(await asked).toBe('target_failed');
    const states = scene.fleet.status().map(({ state, reason }) => [state, reason]);
    expect(states).toContainEqual(['ejected', 'it is misconfigured']);
    expect(states).toContainEqual(['healthy', '']);
    expect(scene.notes.events).toEqual(['usable', 'a out: it is misconfigured']);
  });
});
