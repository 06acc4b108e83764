import { errors } from '../../../common/errors';
import { quote } from '../../../common/quote';
import type { OutputRequest } from '../../../inference/request/inference-request';
import type { Parameters } from '../messages';
import { mismatch } from '../../../inference/request/mismatch';

/** Most classes of an output. */
const MAX_CLASSES = 1000;

/** A key that would reach the prototype of an object it is assigned to; refused wherever a client chooses names. */
const FORBIDDEN_NAME = '__proto__';

/** @throws invalid unless `value` is a JSON object. */
export function asObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw mismatch(path, 'a JSON object', value);
  }
  if (Object.hasOwn(value, FORBIDDEN_NAME)) {
    throw errors.invalidInput(`${path}: the key "${FORBIDDEN_NAME}" is not allowed`, path);
  }
  return value as Record<string, unknown>;
}

/** @throws invalid unless `value` is an array. */
export function asArray(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw mismatch(path, 'an array', value);
  return value;
}

/** The name of a tensor. @throws invalid unless it is a usable string. */
export function asName(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') throw mismatch(path, 'a non-empty string', value);
  if (value === FORBIDDEN_NAME) throw mismatch(path, 'the name of a tensor of the model', value);
  return value;
}

/** The boolean parameter `key`, false when absent. @throws invalid when it is something else. */
export function flag(parameters: Parameters, key: string, path: string): boolean {
  const value = parameters[key] ?? false;
  if (typeof value !== 'boolean') throw mismatch(`${path}.${key}`, 'true or false', value);
  return value;
}

/** @throws invalid when an output is to be written to shared memory and something else is asked of it. */
export function requireOnlyMemory(
  { slice, classes }: Pick<OutputRequest, 'slice' | 'classes'>,
  path: string,
  binary = false,
): void {
  if (slice === undefined || (classes === undefined && !binary)) return;
  throw errors.invalidInput(
    `${path}.parameters: expected no ${binary ? 'binary_data: true' : 'classification'} beside shared_memory_region, where the bytes of the output itself are written`,
    path,
  );
}

/** @throws invalid when two of `items` have one name, which stands at `key` of each. */
export function requireUniqueNames(
  items: readonly { readonly name: string }[],
  path: string,
  key = '.name',
): void {
  if (items.length < 2) return;
  const seen = new Map<string, number>();
  for (const [index, { name }] of items.entries()) {
    const first = seen.get(name);
    if (first !== undefined) {
      throw errors.invalidInput(
        `${path}[${index}]${key}: expected each name once, got ${quote(name)} again, which is ${path}[${first}] already`,
        `${path}[${index}]${key}`,
      );
    }
    seen.set(name, index);
  }
}

/**
 * How many classes are asked for in the parameter `classification`; undefined when it is absent.
 * @throws NexusError invalid_input
 */
export function classCountOf(value: unknown, path: string): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_CLASSES)
    return value as number;
  throw errors.invalidInput(
    `${path}: expected how many classes, a whole number from 1 to ${MAX_CLASSES}, got ${JSON.stringify(value)}`,
    path,
  );
}
