import fc from 'fast-check';
import { Arrivals } from '../../../src/cli/bench/arrivals';
import { ClosedLoop, MOST_IN_FLIGHT, OpenLoop } from '../../../src/cli/bench/load';
import type { Ended, Payload } from '../../../src/cli/bench/sender';

const PAYLOADS: readonly Payload[] = ['/one', '/two'].map((path) => ({
  path,
  headers: {},
  body: '',
  rows: 1,
}));

/** A gateway under virtual time, whose responses the test sends. */
class Scripted {
  now = 0;
  readonly paths: string[] = [];
  private readonly waiting: Ended[] = [];
  private onDue: ((times: readonly number[]) => void) | undefined;
  isStopped = false;

  readonly send = ({ path }: Payload, ended: Ended) => {
    this.paths.push(path);
    this.waiting.push(ended);
  };

  readonly clock = () => this.now;

  readonly schedule = (onDue: (times: readonly number[]) => void) => {
    this.onDue = onDue;
    return { started: Promise.resolve(), stop: () => (this.isStopped = true) };
  };

  /** Requests that wait for their answer. */
  get inFlight(): number {
    return this.waiting.length;
  }

  /** The times `due` have come. */
  due(...times: readonly number[]): void {
    this.onDue!(times);
  }

  /** Answers the oldest request at `now`. */
  answer(now: number, status?: string, message = ''): void {
    this.now = now;
    this.waiting.shift()!(status, message);
  }
}

describe('arrivals', () => {
  it('never go back, and come at the rate in the mean', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 2 ** 31 - 2 }),
        (rate, seed) => {
          // Park and Miller's generator.
          let state = seed;
          const random = () => (state = (state * 48_271) % (2 ** 31 - 1)) / (2 ** 31 - 1);
          const arrivals = new Arrivals(rate, random);
          const count = 10_000;
          let last = 0;
          let squares = 0;
          let isOrdered = true;
          for (let index = 0; index < count; index++) {
            const next = arrivals.next();
            isOrdered &&= next >= last;
            squares += (next - last) ** 2;
            last = next;
          }
          expect(isOrdered).toBe(true);
          const mean = 1000 / rate;
          expect(last / count / mean).toBeCloseTo(1, 1);
          // The variance of an exponential distribution is the square of its mean.
          expect(squares / count / mean ** 2 / 2).toBeCloseTo(1, 0);
        },
      ),
      { numRuns: 20, seed: 1 },
    );
  });
});

describe('an open loop', () => {
  let gateway: Scripted;
  let load: OpenLoop;
  beforeEach(() => {
    gateway = new Scripted();
    load = new OpenLoop(gateway.send, PAYLOADS, gateway.clock).start(gateway.schedule, () => {});
  });

  it('counts latency from the scheduled time, so that a stall of the generator shows', () => {
    gateway.now = 500;
    gateway.due(10, 20);
    gateway.answer(510);
    gateway.answer(520);
    const window = load.cut();
    expect(window.count).toBe(2);
    expect(window.mean).toBeCloseTo(500, 0);
    expect(load.lagMs).toBeGreaterThan(489);
    load.resetLag();
    expect(load.lagMs).toBe(0);
  });

  it('sends whether or not the gateway has answered, and the payloads in turn', () => {
    gateway.due(0, 0, 0);
    expect(gateway.inFlight).toBe(3);
    expect(gateway.paths).toEqual(['/one', '/two', '/one']);
  });

  it('keeps a bound of requests in flight, and counts those beyond as failed', () => {
    gateway.due(...Array.from({ length: MOST_IN_FLIGHT + 5 }, () => 0));
    expect(gateway.inFlight).toBe(MOST_IN_FLIGHT);
    expect(load.cut().failures.get('unsent')?.count).toBe(5);
  });

  it('ends its schedule, and waits for the requests in flight', async () => {
    gateway.due(0);
    const stopped = load.stop(60_000);
    expect(gateway.isStopped).toBe(true);
    gateway.answer(5);
    await stopped;
    expect(load.cut().count).toBe(1);
  });
});

describe('a closed loop', () => {
  it('sends the next request when the last one has ended', async () => {
    const gateway = new Scripted();
    const load = new ClosedLoop(gateway.send, PAYLOADS, gateway.clock).start(3);
    expect(gateway.inFlight).toBe(3);
    gateway.answer(100);
    gateway.answer(100, '429', 'too many');
    expect(gateway.inFlight).toBe(3);
    expect(gateway.paths).toHaveLength(5);
    gateway.now = 200;
    const window = load.cut();
    expect([window.count, window.failedCount, window.ms, window.rate]).toEqual([1, 1, 200, 5]);
    expect(window.failures.get('429')).toEqual({ count: 1, example: 'too many' });
    const stopped = load.stop(60_000);
    while (gateway.inFlight > 0) gateway.answer(300);
    await stopped;
    expect(gateway.paths).toHaveLength(5);
    // Those that were sent at 100 took 200 ms, the first one 300 ms.
    expect(load.cut().percentile(50)).toBeCloseTo(200, 0);
  });
});
