import { MemoryInFlight } from '../../../../src/common/memory-in-flight';
import { NexusError } from '../../../../src/common/nexus-error';
import { Attempt } from '../../../../src/remote/attempt';
import { answering, closeOf, GET } from './pools';

const KIB = 1024;

/** An attempt whose answer is charged to `memory`, and what it charged. */
function chargedTo(memory: MemoryInFlight) {
  const account = memory.open('http');
  const steps: number[] = [];
  const attempt = new Attempt(performance.now() + 60_000, (bytes) => {
    account.add(bytes);
    steps.push(bytes);
  });
  return { attempt, account, steps };
}

/** A target that sends its head, and then `size` bytes, of which the test releases the last. */
async function target(size: number, headers: Record<string, string>) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { pool, server } = await answering((_request, response) => {
    response.writeHead(200, headers);
    response.write(Buffer.alloc(size - 1));
    void released.then(() => response.end('.'));
  });
  return { pool, server, release };
}

describe('the memory of a response', () => {
  it('of a known length is charged once, before its body', async () => {
    const memory = new MemoryInFlight(2 ** 20);
    const { attempt, steps } = chargedTo(memory);
    const size = 200 * KIB;
    const { pool, release } = await target(size, { 'content-length': String(size) });
    const exchange = pool.exchange(GET, 2 ** 20, attempt);
    while (memory.used === 0) await new Promise(setImmediate);
    expect(memory.used).toBe(size);
    release();
    expect((await exchange).body).toHaveLength(size);
    expect(steps).toEqual([size]);
    attempt.hold(0);
    expect(memory.used).toBe(0);
  });

  it('of an unknown length is charged in a few steps, and never less than has arrived', async () => {
    const memory = new MemoryInFlight(64 * 2 ** 20);
    const { attempt, account, steps } = chargedTo(memory);
    const size = 4 * 2 ** 20;
    const { pool, release } = await target(size, {});
    const exchange = pool.exchange(GET, size, attempt);
    release();
    expect((await exchange).body).toHaveLength(size);
    expect(account.bytes).toBeGreaterThanOrEqual(size);
    expect(account.bytes).toBeLessThanOrEqual(2 * size);
    // Each doubles what the one before has charged.
    expect(steps.length).toBeLessThan(25);
  });

  it.each<[string, Record<string, string>]>([
    ['known', { 'content-length': String(900 * KIB) }],
    ['unknown', {}],
  ])('of a %s length that does not fit ends the request at once', async (_name, headers) => {
    const memory = new MemoryInFlight(2 ** 20);
    // Leaves too little for the response.
    memory.open('http').hold(300 * KIB);
    const { attempt, account } = chargedTo(memory);
    const { pool, server } = await target(900 * KIB, headers);
    const error: unknown = await pool.exchange(GET, 2 ** 20, attempt).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NexusError);
    expect(error).toMatchObject({ code: 'memory_busy' });
    await closeOf(server.sockets[0]!);
    attempt.hold(0);
    expect(account.bytes).toBe(0);
  });

  it('is bounded for all of them together', async () => {
    const memory = new MemoryInFlight(2 ** 20);
    const size = 200 * KIB;
    const { pool, release } = await target(size, { 'content-length': String(size) });
    const outcomes = Array.from({ length: 8 }, () => {
      const { attempt } = chargedTo(memory);
      return pool.exchange(GET, size, attempt).then(
        () => 'answered',
        (error: NexusError) => error.code,
      );
    });
    // 200 KiB fit while as much is left.
    while (memory.refusals.http < 4) await new Promise(setImmediate);
    expect(memory.used).toBe(4 * size);
    release();
    expect((await Promise.all(outcomes)).toSorted()).toEqual([
      ...Array<string>(4).fill('answered'),
      ...Array<string>(4).fill('memory_busy'),
    ]);
  });

  it('is not charged for a request that was cancelled', async () => {
    const memory = new MemoryInFlight(2 ** 20);
    const { attempt } = chargedTo(memory);
    const { pool, server } = await answering((_request, response) => {
      response.writeHead(200).write('a');
    });
    const exchange = pool.exchange(GET, KIB, attempt);
    while (memory.used === 0) await new Promise(setImmediate);
    attempt.cancel();
    await expect(exchange).rejects.toMatchObject({ kind: 'broken' });
    attempt.hold(0);
    await closeOf(server.sockets[0]!);
    expect(memory.used).toBe(0);
  });
});
