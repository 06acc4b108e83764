import { isDeepStrictEqual } from 'node:util';
import { Mismatch } from './case.ts';
import type { Tensor } from './tensor.ts';
import { Refused } from './transports/client.ts';

const SHOWN_BYTES = 16;

/** Throws a {@link Mismatch} unless both are deeply equal. */
export function equal(what: string, got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected)) throw new Mismatch(`${what} ${show(expected)}`, show(got));
}

/** Throws a {@link Mismatch} unless `holds`. */
export function holds(condition: boolean, expected: string, got: unknown): void {
  if (!condition) throw new Mismatch(expected, show(got));
}

/** Throws a {@link Mismatch} unless the tensors are the same, in name, order, datatype, shape and every byte. */
export function sameTensors(got: readonly Tensor[], expected: readonly Tensor[]): void {
  equal('outputs', got.map(heading), expected.map(heading));
  expected.forEach(({ name, bytes }, index) => {
    if (!bytes.equals(got[index]!.bytes)) {
      throw new Mismatch(`${name} with bytes ${hex(bytes)}`, hex(got[index]!.bytes));
    }
  });
}

/** Throws a {@link Mismatch} unless the call is refused the way the protocol refuses what a client did wrong. */
export async function refused(call: Promise<unknown>): Promise<Refused> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome === undefined) throw new Mismatch('an error', 'success');
  if (!(outcome instanceof Refused)) throw outcome;
  holds(outcome.blamesClient, `a client error with a message (${outcome.rule})`, outcome.message);
  return outcome;
}

function heading({ name, datatype, shape }: Tensor): string {
  return `${name} ${datatype} [${shape.join()}]`;
}

function hex(bytes: Buffer): string {
  const text = bytes.subarray(0, SHOWN_BYTES).toString('hex');
  return bytes.length > SHOWN_BYTES ? `${text}... (${bytes.length} bytes)` : text || 'none';
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 160 ? `${text.slice(0, 160)}...` : text;
}
