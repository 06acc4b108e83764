import fc from 'fast-check';
import { NexusError } from '../../../src/common/nexus-error';
import { MemoryInFlight } from '../../../src/common/memory-in-flight';

const LIMIT = 1000;

/** One step of one of four requests. */
const step = fc.record({
  request: fc.nat(3),
  action: fc.constantFrom('hold', 'add', 'begin', 'end', 'close'),
  bytes: fc.nat(2 * LIMIT),
});

it('is never more than the limit, is the sum of what is held, and all is given back exactly once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = new MemoryInFlight(LIMIT);
      const charges = Array.from({ length: 4 }, () => memory.open('http'));
      let refused = 0;
      for (const { request, action, bytes } of steps) {
        const charge = charges[request]!;
        const before = charge.bytes;
        try {
          if (action === 'hold' || action === 'add') charge[action](bytes);
          else charge[action]();
        } catch (error) {
          expect(error).toBeInstanceOf(NexusError);
          expect(charge.bytes).toBe(before);
          refused++;
        }
        expect(memory.used).toBe(charges.reduce((sum, other) => sum + other.bytes, 0));
        expect(memory.used).toBeLessThanOrEqual(LIMIT);
      }
      for (const charge of charges) {
        charge.close();
        charge.end();
        charge.close();
      }
      expect([memory.used, memory.refusals.http]).toEqual([0, refused]);
    }),
  );
});

it('always has room for a request that is alone, and for one that holds no more than it leaves free', () => {
  fc.assert(
    fc.property(fc.nat(2 * LIMIT), fc.array(fc.nat(LIMIT)), (bytes, others) => {
      const memory = new MemoryInFlight(LIMIT);
      memory.open('grpc').hold(bytes);
      for (const other of others) {
        const free = LIMIT - memory.used;
        const charge = memory.open('grpc');
        if (2 * Math.min(other, LIMIT / 2) <= free) charge.hold(other);
        else expect(() => charge.hold(other)).toThrow(expect.objectContaining({ code: 'memory_busy' }));
      }
    }),
  );
});

it('stays charged while the work goes on after the client has left', () => {
  const memory = new MemoryInFlight(LIMIT);
  const charge = memory.open('http');
  charge.hold(100);
  charge.begin();
  charge.close();
  expect(memory.used).toBe(100);
  charge.hold(40);
  expect(memory.used).toBe(40);
  charge.end();
  expect(memory.used).toBe(0);
  charge.hold(40);
  expect(memory.used).toBe(0);
});
