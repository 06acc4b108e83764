import { EventEmitter, once } from 'node:events';
import { Nexus, NexusError } from '../../../clients/typescript/src/index.ts';
import { affine, counter } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;
beforeAll(async () => {
  repository = new Repository()
    .model('counter', counter(), 'timeout_ms: 2000')
    .model('patient', counter())
    .model('affine', affine());
  gateway = await Gateway.start(repository);
});
afterAll(() => tearDown(gateway, repository));

/** A client, its requests, how many of them were under way at most, and how many it has left. */
function watched() {
  const seen = { sent: [] as Promise<Response>[], now: 0, most: 0, left: 0 };
  const send = async (...[url, init]: Parameters<typeof fetch>) => {
    seen.most = Math.max(seen.most, ++seen.now);
    try {
      return await fetch(url, init);
    } catch (error) {
      if (init!.signal!.aborted) seen.left++;
      throw error;
    } finally {
      seen.now--;
    }
  };
  const watching: typeof fetch = (...request) => {
    const answer = send(...request);
    seen.sent.push(answer);
    return answer;
  };
  return { seen, nexus: new Nexus({ url: gateway.url, fetch: watching, retries: 0 }) };
}

const counts = (...values: number[]) => values.map((count) => ({ count: [count] }));

describe('predictMany', () => {
  it('answers in order, with as many requests under way as it may', async () => {
    const { nexus, seen } = watched();
    const totals: unknown[] = [];
    // The first ones take the longest.
    const items = counts(300_000, 200_000, 5, 4, 3, 2, 1);
    for await (const { outputs } of nexus.predictMany('patient', items, { concurrency: 3 })) {
      totals.push(outputs['total']);
    }
    expect(totals).toEqual(items.map(({ count }) => count));
    expect(seen).toMatchObject({ most: 3, left: 0 });
  });

  it('gives each answer before the next item comes', async () => {
    const { nexus } = watched();
    const answered: unknown[] = [];
    const reader = new EventEmitter();
    async function* oneByOne() {
      for (const x of [1, 2, 3]) {
        yield { x: [x] };
        await once(reader, 'read');
      }
    }
    for await (const { outputs } of nexus.predictMany('affine', oneByOne(), { outputs: ['y'] })) {
      answered.push(outputs['y']);
      reader.emit('read');
    }
    expect(answered).toEqual([[3], [5], [7]]);
  });

  it('fails with the first that fails, and leaves the others', async () => {
    const { nexus, seen } = watched();
    let isClosed = false;
    function* source() {
      try {
        yield { count: [1] };
        yield { count: 'many' };
        while (true) yield { count: [1e15] };
      } finally {
        isClosed = true;
      }
    }
    const answers = nexus.predictMany('counter', source(), { concurrency: 4 });
    expect((await answers.next()).value).toMatchObject({ outputs: { total: [1] } });
    await expect(answers.next()).rejects.toBeInstanceOf(NexusError);
    expect(isClosed).toBe(true);
    expect(await answers.next()).toEqual({ done: true, value: undefined });
    await Promise.allSettled(seen.sent);
    expect(seen.left).toBeGreaterThan(0);
  });

  it('leaves its requests when its reader goes, and when its signal says so', async () => {
    const { nexus, seen } = watched();
    const items = counts(1, 1e15, 1e15);
    for await (const { outputs } of nexus.predictMany('counter', items)) {
      expect(outputs).toEqual({ total: [1] });
      break;
    }
    await Promise.allSettled(seen.sent);
    expect(seen.left).toBe(2);

    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(nexus.predictMany('counter', items, { signal }).next()).rejects.toBe(reason);
  });

  it('refuses to do nothing at a time', async () => {
    const { nexus } = watched();
    const none = nexus.predictMany('counter', counts(1), { concurrency: 0 });
    await expect(none.next()).rejects.toThrow('concurrency: expected a whole number from 1, got 0');
  });
});
