import fc from 'fast-check';
import { stepFor, versionAfter, type Edition } from '../../../src/replicas/copy';

/** A replica: it makes changes, and takes or restores what Redis has, as `Replicas` does. */
class Replica {
  own: Edition | undefined;
  changes = 0;

  constructor(
    readonly name: string,
    private readonly clockErrorMs: number,
  ) {}

  /** The edition of a change, if Redis still has what this replica knows. */
  change(redis: Edition | undefined, now: number): Edition | undefined {
    if (stepFor(this.own, redis) === 'adopt') return undefined;
    const version = versionAfter(this.own?.version ?? 0, Math.max(1, now + this.clockErrorMs));
    return { version, digest: `${this.name}${++this.changes}` };
  }
}

const EVENT = fc.oneof(
  fc.record({ kind: fc.constant('change'), replica: fc.nat(2) }),
  fc.record({ kind: fc.constant('poll'), replica: fc.nat(2) }),
  // A reply that was under way, perhaps twice, while others came before it.
  fc.record({ kind: fc.constant('late'), replica: fc.nat(2), age: fc.nat(5) }),
  fc.record({ kind: fc.constant('flush'), replica: fc.constant(0) }),
);

it('a replica never goes back to a lower version, and all agree after a poll of each', () => {
  fc.assert(
    fc.property(
      fc.array(EVENT, { maxLength: 60 }),
      fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })),
      (events, [errorMs, otherErrorMs]) => {
        const replicas = [new Replica('a', 0), new Replica('b', errorMs), new Replica('c', otherErrorMs)];
        const sent: Edition[] = [];
        let redis: Edition | undefined;
        const poll = (replica: Replica) => {
          const step = stepFor(replica.own, redis);
          if (step === 'adopt') replica.own = redis;
          if (step === 'restore') redis = replica.own;
        };
        for (const [now, event] of events.entries()) {
          const replica = replicas[event.replica]!;
          const before = replica.own?.version ?? 0;
          if (event.kind === 'change') {
            const changed = replica.change(redis, now);
            if (changed !== undefined) sent.push((redis = replica.own = changed));
          } else if (event.kind === 'poll') poll(replica);
          else if (event.kind === 'flush') redis = undefined;
          else {
            const late = sent.at(-1 - (event as { age: number }).age);
            if (late !== undefined && late.version !== before && stepFor(replica.own, late) === 'adopt')
              replica.own = late;
          }
          expect(replica.own?.version ?? 0).toBeGreaterThanOrEqual(before);
        }
        const newest = Math.max(0, ...replicas.map(({ own }) => own?.version ?? 0));
        for (let round = 0; round < 2; round++) replicas.forEach(poll);
        expect(new Set(replicas.map(({ own }) => own?.digest)).size).toBe(1);
        expect(replicas[0]!.own?.version ?? 0).toBeGreaterThanOrEqual(newest);
      },
    ),
  );
});

it.each([
  ['nothing anywhere', undefined, undefined, 'none'],
  ['a document that Redis has lost', { version: 5, digest: 'a' }, undefined, 'restore'],
  ['a new document', undefined, { version: 5, digest: 'a' }, 'adopt'],
  ['an older one in Redis', { version: 5, digest: 'a' }, { version: 4, digest: 'b' }, 'restore'],
  ['another one with the same version', { version: 5, digest: 'a' }, { version: 5, digest: 'b' }, 'adopt'],
  ['the same one', { version: 5, digest: 'a' }, { version: 5, digest: 'a' }, 'none'],
])('%s', (_case, own, shared, step) => {
  expect(stepFor(own, shared)).toBe(step);
});

it('a version is a time, and never that of the version before', () => {
  expect([versionAfter(0, 100), versionAfter(100, 100), versionAfter(200, 100)]).toEqual([100, 101, 201]);
});
