import { errors } from '../../common/errors';
import type { Parameters } from '../../inference/request/parameters';
import { mismatch } from '../../common/mismatch';

/** Assigning this key would change the prototype of an object, so it is rejected wherever clients choose names. */
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

/** The name of a tensor. @throws invalid unless it is a non-empty string other than `__proto__`. */
export function asName(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') throw mismatch(path, 'a non-empty string', value);
  if (value === FORBIDDEN_NAME) throw mismatch(path, 'the name of a tensor of the model', value);
  return value;
}

/** The id of a request. @throws invalid unless it is a string, or absent. */
export function asId(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw mismatch('id', 'a string', value);
  return value;
}

/** The boolean parameter `key`, false if absent. @throws invalid if it is not a boolean. */
export function flag(parameters: Parameters, key: string, path: string): boolean {
  const value = parameters[key] ?? false;
  if (typeof value !== 'boolean') throw mismatch(`${path}.${key}`, 'true or false', value);
  return value;
}
