import fc from 'fast-check';
import type { QuotaCharge } from '../../../src/limits/counter';
import { MemoryLimiter } from '../../../src/limits/memory-limiter';
import { LimitService } from '../../../src/limits/processes/limit-service';
import { Message } from '../../../src/limits/redis/message';
import { counter, slots } from './counters';

/** A gateway process that sends messages to `service`, as RedisLimiter does to Redis. */
class Process {
  constructor(
    private readonly service: LimitService,
    private readonly gateway: string,
  ) {}

  /** The reply to each take: passes, refusing charge, wait, and three numbers for each charge. */
  send(write: (message: Message) => void): number[][] {
    const message = new Message(this.gateway, false);
    write(message);
    const [, , ...takes] = this.service.handle({ keys: message.keys, message: message.toString() }, this) as [
      number,
      number,
      ...number[][],
    ];
    return takes;
  }

  take(
    charges: readonly QuotaCharge[],
    extras: readonly (number | string)[] = charges.map(() => 0),
  ): number[] {
    return this.send((message) => message.take(1, charges, extras))[0]!;
  }
}

describe('rates', () => {
  it('decides each request as MemoryLimiter does, whichever process asks', () => {
    const request = fc.record({
      elapsed: fc.integer({ min: 0, max: 400 }),
      process: fc.nat({ max: 2 }),
      amounts: fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        let now = 0;
        const service = new LimitService(() => now);
        const reference = new MemoryLimiter(() => now);
        const processes = ['a', 'b', 'c'].map((gateway) => new Process(service, gateway));
        const counters = [counter(5, 1000, 'one'), counter(8, 3000, 'other')];
        for (const { elapsed, process, amounts } of requests) {
          now += elapsed;
          const charges = counters.flatMap((each, index) =>
            amounts[index]! > 0 ? [{ counter: each, amount: amounts[index]! }] : [],
          );
          const expected = reference.take(charges);
          const [passes] = processes[process]!.take(charges);
          expect(passes === 1).toBe(expected.passed);
        }
      }),
    );
  });

  it('keeps leased units out of the limit until they are used or given back', () => {
    const service = new LimitService(() => 0);
    const [one, other] = [new Process(service, 'a'), new Process(service, 'b')];
    const requests = counter(10, 1000, 'one', 'requests');
    const charge = [{ counter: requests, amount: 1 }];
    expect(one.take(charge, [9]).at(-1)).toBe(9);
    expect(other.take(charge)[0]).toBe(0);
    one.send((message) => message.settle(requests, 0, 4, 5));
    expect(other.send((message) => message.take(10, charge, [0]))[0]![0]).toBe(5);
  });
});

describe('requests in flight', () => {
  const two = slots(2);
  const charge = [{ counter: two, amount: 1 }];

  it('are counted over all processes and given back', () => {
    const service = new LimitService(() => 0);
    const [one, other] = [new Process(service, 'a'), new Process(service, 'b')];
    expect([one.take(charge, ['a:0'])[0], other.take(charge, ['b:0'])[0]]).toEqual([1, 1]);
    expect(one.take(charge, ['a:1'])[0]).toBe(0);
    other.send((message) => message.release(two, 'b:0'));
    expect(one.take(charge, ['a:1'])[0]).toBe(1);
  });

  it('take no memory once they have ended, or were refused', () => {
    const service = new LimitService(() => 0);
    const one = new Process(service, 'a');
    for (let client = 0; client < 100; client++) {
      const own = slots(1, `client ${client}`);
      expect(one.take([{ counter: own, amount: 1 }], [`a:${client}`])[0]).toBe(1);
      one.send((message) => message.release(own, `a:${client}`));
      const both = [own, counter(1, 1000)].map((each) => ({ counter: each, amount: 2 }));
      one.take(both, ['a:never', 0]);
    }
    expect(service.size).toBe(1);
  });

  it('of a process that has ended are given back', () => {
    const service = new LimitService(() => 0);
    const [one, other] = [new Process(service, 'a'), new Process(service, 'b')];
    one.take(charge, ['a:0']);
    one.take(charge, ['a:1']);
    expect(other.take(charge, ['b:0'])[0]).toBe(0);
    service.processEnded(one);
    expect(other.take(charge, ['b:0'])[0]).toBe(1);
  });
});
