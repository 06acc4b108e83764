import { errors } from '../../../../src/common/errors';
import { VirtualClock } from '../../scheduling/virtual-clock';
import { sceneOf } from './fake-target';

/** An account of a request that has room for `limit` bytes. */
function accountOf(limit = Infinity) {
  const account = { held: 0, most: 0 };
  const charge = (bytes: number) => {
    if (account.held + bytes > limit) throw errors.memoryBusy(limit);
    account.held += bytes;
    account.most = Math.max(account.most, account.held);
  };
  return { account, charge };
}

describe('the memory of answers', () => {
  it('of a failed attempt is given back before the next one', async () => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{ weight: 1000 }, {}]);
    Object.assign(targets[0]!, { behaviour: 'broken', answerBytes: 700 });
    targets[1]!.answerBytes = 600;
    const { account, charge } = accountOf(1000);
    const asked = ask({ charge });
    await clock.pass(200);
    expect(await asked).toBe('b');
    expect(account).toEqual({ held: 600, most: 700 });
  });

  it('is that of both answers of a hedge, until one is first', async () => {
    const clock = new VirtualClock();
    const { ask, targets } = await sceneOf(clock, [{ weight: 1000 }, {}], { hedge: true });
    for (let count = 0; count < 40; count++) await Promise.all([ask(), clock.pass(20)]);
    targets[0]!.latencyMs = 200;
    targets[1]!.answerBytes = 600;
    const { account, charge } = accountOf();
    const asked = ask({ charge });
    await clock.pass(500);
    expect(await asked).toBe('b');
    expect(account.held).toBe(600);
  });

  it('is given back when the client has left', async () => {
    const clock = new VirtualClock();
    const { fleet } = await sceneOf(clock, [{}]);
    const { account, charge } = accountOf();
    let hasLeft = false;
    const request = { session: undefined, deadline: 1e6, abandoned: () => hasLeft, charge };
    const asked = fleet.run(request, (_connection, _target, attempt) => {
      attempt.hold(500);
      return new Promise<never>(() => undefined);
    });
    asked.catch(() => undefined);
    await clock.pass(10);
    expect(account.held).toBe(500);
    hasLeft = true;
    await clock.pass(100);
    await expect(asked).rejects.toMatchObject({ kind: 'cancelled' });
    expect(account.held).toBe(0);
  });

  it('that does not fit refuses the request, without a retry, and does not count against the target', async () => {
    const clock = new VirtualClock();
    const { ask, fleet, targets, notes } = await sceneOf(clock, [{}, {}]);
    for (const target of targets) target.answerBytes = 2000;
    const { account, charge } = accountOf(1000);
    for (let count = 0; count < 20; count++) {
      const asked = ask({ charge });
      await clock.pass(20);
      expect(await asked).toBe('memory_busy');
    }
    expect(new Set(notes.outcomes)).toEqual(new Set(['cancelled']));
    expect(notes.retries).toEqual([]);
    expect(fleet.status().every(({ state }) => state === 'healthy')).toBe(true);
    expect(account.held).toBe(0);
  });
});
