import { VirtualClock } from '../../scheduling/virtual-clock';
import { infer, sceneOf } from './fake-target';

const LONG_AGO = 20_000;

describe('the choice of a target', () => {
  it('prefers the one with fewer requests in flight', async () => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{}, {}]);
    await clock.pass(LONG_AGO);
    targets[0]!.latencyMs = 1000;
    const asked = Array.from({ length: 20 }, () => ask());
    await clock.pass(2000);
    expect((await Promise.all(asked)).filter((name) => name === 'a')).toHaveLength(10);
  });

  it('is refused at once when every target is full', async () => {
    const clock = new VirtualClock();
    const { ask } = await sceneOf(clock, [{ maxInFlight: 1 }, { maxInFlight: 2 }]);
    const first = [ask(), ask(), ask()];
    expect(await ask()).toBe('targets_full');
    await clock.pass(50);
    expect((await Promise.all(first)).toSorted()).toEqual(['a', 'b', 'b']);
    const later = ask();
    await clock.pass(50);
    expect(['a', 'b']).toContain(await later);
  });

  it('stays in the region while a target there can be used', async () => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{ region: 'eu' }, { region: 'us' }, { region: 'us' }], {
      region: 'eu',
    });
    for (let count = 0; count < 20; count++) void ask();
    await clock.pass(100);
    expect(targets.map(({ received }) => received)).toEqual([20, 0, 0]);
    targets[0]!.die();
    await clock.pass(3000);
    const asked = ask();
    await clock.pass(100);
    expect(['b', 'c']).toContain(await asked);
  });

  it('gives a target that has returned a small share that grows', async () => {
    const clock = new VirtualClock();
    const { ask, targets, notes } = await sceneOf(clock, [{}, {}]);
    targets[0]!.die();
    await clock.pass(LONG_AGO);
    targets[0]!.recover();
    await clock.pass(2500);
    expect(notes.events.at(-1)).toBe('a back');
    targets[0]!.received = 0;
    for (let count = 0; count < 100; count++) await Promise.all([ask(), clock.pass(20)]);
    const early = targets[0]!.received;
    expect(early).toBeGreaterThan(0);
    expect(early).toBeLessThan(40);
    await clock.pass(10_000);
    targets[0]!.received = 0;
    for (let count = 0; count < 100; count++) await Promise.all([ask(), clock.pass(20)]);
    expect(targets[0]!.received).toBeGreaterThan(35);
  });

  it('keeps a session on its target, and moves it when the target is lost', async () => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{}, {}, {}]);
    const askAll = async () => {
      const names: string[] = [];
      for (let session = 0; session < 30; session++) {
        const [name] = await Promise.all([ask({ session: `s${session}` }), clock.pass(20)]);
        names.push(name);
      }
      return names;
    };
    const before = await askAll();
    expect(new Set(before)).toEqual(new Set(['a', 'b', 'c']));
    expect(await askAll()).toEqual(before);
    targets[1]!.die();
    await clock.pass(5000);
    const after = await askAll();
    expect(after).not.toContain('b');
    expect(after.filter((_, index) => before[index] !== 'b')).toEqual(before.filter((name) => name !== 'b'));
  });
});

describe('a fleet', () => {
  it('is unusable until a check passes, but tries targets that it does not know yet', async () => {
    const clock = new VirtualClock();
    const { fleet, targets, notes } = await sceneOf(clock, [{}]);
    expect(fleet.usable).toBe(true);
    expect(notes.events).toEqual(['usable']);
    expect(fleet.status()).toMatchObject([{ state: 'healthy', reason: '', inFlight: 0 }]);
    targets[0]!.die();
    await clock.pass(3000);
    expect(fleet.usable).toBe(false);
    expect(fleet.reason).toBe('the check failed');
    expect(notes.events.slice(1)).toEqual(['a out: the check failed', 'unusable: the check failed']);
    await expect(
      fleet.run({ session: undefined, deadline: Infinity, abandoned: undefined }, infer),
    ).rejects.toMatchObject({ code: 'no_target' });
  });

  it('settles everything when it is closed', async () => {
    const clock = new VirtualClock();
    const { fleet, targets, notes, ask } = await sceneOf(clock, [{}, {}]);
    targets[0]!.behaviour = 'hangs';
    targets[1]!.behaviour = 'hangs';
    const asked = [ask(), ask()];
    await fleet.close();
    expect(await Promise.all(asked)).toEqual(['no_target', 'no_target']);
    expect(await ask()).toBe('no_target');
    expect(notes.outcomes).toEqual(['cancelled', 'cancelled']);
    expect(fleet.inFlight).toBe(0);
    expect(targets.every(({ isClosed }) => isClosed)).toBe(true);
  });
});
