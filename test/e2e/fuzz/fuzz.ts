import fc from 'fast-check';
import type { Gateway, LogLine } from '../support/gateway';
import { residentBytes } from '../support/processes';

/** FUZZ_TIMES=100 runs a hundred times as many cases as usual, and each time others. */
const TIMES = Number(process.env.FUZZ_TIMES ?? 1);
jest.setTimeout(120_000 * TIMES);

const SEED = 20_260_711;
const AT_ONCE = 8;

/** The level of errors in the log. */
const ERROR = 50;

/** A case that takes longer hangs. */
const PATIENCE_MS = 30_000;

/** What memory may grow by, from the first third of the cases to the end: far more than a heap that breathes does. */
const ALLOWED_GROWTH = 1.5;

/** What is left of cases that nothing should be left of: lines in the log, from errors up, and memory that has grown. */
export interface Harm {
  readonly errors: readonly LogLine[];
  readonly hasGrown: boolean;
}

/** How a gateway has to come out of all of it. */
export const NO_HARM: Harm = { errors: [], hasGrown: false };

/**
 * Sends `count` cases, eight at once, each with `send`, which is to reject when the gateway does not answer as it should.
 * Resolves to the harm they have done.
 */
export async function fuzz<T>(
  gateway: Gateway,
  cases: fc.Arbitrary<T>,
  count: number,
  send: (one: T) => Promise<void>,
): Promise<Harm> {
  await run(cases, count / 3, send);
  const before = residentBytes(gateway.pid);
  await run(cases, (count * 2) / 3, send, 1);
  return {
    errors: gateway.logs.filter(({ level }) => Number(level) >= ERROR),
    hasGrown: residentBytes(gateway.pid) > before * ALLOWED_GROWTH,
  };
}

async function run<T>(
  cases: fc.Arbitrary<T>,
  count: number,
  send: (one: T) => Promise<void>,
  part = 0,
): Promise<void> {
  const group = fc.array(cases, { minLength: AT_ONCE, maxLength: AT_ONCE });
  const property = fc.asyncProperty(group, async (several) => {
    await Promise.all(several.map((one) => orHang(send(one))));
  });
  const numRuns = Math.ceil((count * TIMES) / AT_ONCE);
  const seed = TIMES === 1 ? { seed: SEED + part } : {};
  await fc.assert(property, { numRuns, endOnFailure: true, ...seed });
}

async function orHang(sent: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout;
  const hang = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  await Promise.race([sent, hang]).finally(() => clearTimeout(timer));
}

/** Words that have broken servers before, to be put anywhere. */
export const WORDS = [
  '\r\n',
  '\r\n\r\n',
  '\0',
  '%00',
  '%',
  '../',
  '"',
  '{',
  '[',
  ',',
  '-',
  '1e999',
  'NaN',
  '__proto__',
  '\xff',
  'x'.repeat(9000),
];

/** A change of bytes: `cut` of them, at a place between 0 and 1, give way to others. */
const mutation = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat(12),
  put: fc.oneof(
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(...WORDS).map((word) => Buffer.from(word, 'latin1')),
  ),
});

/** One of `good` with a few changes. */
export function mutilated(...good: readonly Buffer[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...good), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) =>
      changes.reduce((changed, { place, cut, put }) => {
        const at = Math.floor(place * changed.length);
        return Buffer.concat([changed.subarray(0, at), put, changed.subarray(at + cut)]);
      }, bytes),
    );
}

/** `good` with a few of its values, at any depth, replaced by any other, or taken out. */
export function distorted(good: object): fc.Arbitrary<unknown> {
  const change = fc.record({
    place: fc.double({ min: 0, max: 0.999, noNaN: true }),
    put: fc.option(fc.jsonValue(), { nil: undefined }),
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) =>
    changes.reduce<unknown>((value, { place, put }) => {
      const root: Record<string, unknown> = { root: structuredClone(value) };
      const slots = slotsOf(root);
      const [holder, key] = slots[Math.floor(place * slots.length)]!;
      holder[key] = put;
      return root.root;
    }, good),
  );
}

/** Every place in `holder` where a value stands. */
function slotsOf(holder: Record<string, unknown>): [Record<string, unknown>, string][] {
  return Object.entries(holder).flatMap(([key, value]) => [
    [holder, key] as [Record<string, unknown>, string],
    ...(value !== null && typeof value === 'object' ? slotsOf(value as Record<string, unknown>) : []),
  ]);
}
