import { mismatch } from '../../common/mismatch';

/** The JSON object of a body, or of a member of it. */
export type Members = Readonly<Record<string, unknown>>;

/** Reads a member of a body at `path`. @throws NexusError invalid_input */
export type Read<T> = (value: unknown, path: string) => T;

/** Reads the member `name` of `body`; undefined if it is absent or null, as clients send it. */
export function optional<T>(body: Members, name: string, read: Read<T>): T | undefined {
  const value = body[name];
  return value === undefined || value === null ? undefined : read(value, name);
}

/** Reads a string. */
export const asText: Read<string> = (value, path) => {
  if (typeof value !== 'string') throw mismatch(path, 'a string', value);
  return value;
};

/** The model that `body` names; undefined if it names none. @throws NexusError invalid_input */
export function modelOf(body: Members): string | undefined {
  return optional(body, 'model', (value, path) => {
    if (typeof value !== 'string' || value === '') throw mismatch(path, 'the name of a model', value);
    return value;
  });
}

/** Reads true or false. */
export const asBoolean: Read<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw mismatch(path, 'true or false', value);
  return value;
};

/** Reads a whole number, at least `least`. */
export function asWhole(least: number): Read<number> {
  return (value, path) => {
    if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
    throw mismatch(path, `a whole number, ${least} or more`, value);
  };
}

/** Reads one of `choices`. */
export function asChoice<T extends string>(choices: readonly T[]): Read<T> {
  return (value, path) => {
    if (choices.includes(value as T)) return value as T;
    throw mismatch(path, choices.map((choice) => `"${choice}"`).join(' or '), value);
  };
}
