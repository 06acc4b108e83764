import fc from 'fast-check';

/** A place in a body: keys and indexes from the outside in. */
export type Place = readonly (string | number)[];

/** A body with one thing changed. */
export interface Mutation {
  readonly body: unknown;
  readonly place: Place;
  /** Whether a value that is no array was replaced by another: nothing else can be taken for wrong then. */
  readonly isLeaf: boolean;
}

const STRANGE = [
  null,
  true,
  -1,
  1001,
  1.5,
  1e39,
  'strange',
  'n\0l',
  [],
  [[]],
  {},
  { strange: 1 },
  [1, 'strange'],
];

/** `body` with a value replaced, or with a key or an item removed or added, at a random place. */
export function mutationsOf(body: unknown): fc.Arbitrary<Mutation> {
  return fc.constantFrom(...placesIn(body)).chain((place) => {
    const old = valueAt(body, place);
    const replaced = fc.constantFrom(...STRANGE).map((value) => ({
      body: withValue(body, place, value),
      place,
      isLeaf: [old, value].every((one) => typeof one !== 'object'),
    }));
    const changed = changesOf(old).map((value) => ({
      body: withValue(body, place, value),
      place,
      isLeaf: false,
    }));
    return changed.length === 0 ? replaced : fc.oneof(replaced, fc.constantFrom(...changed));
  });
}

/** `value` with a key or an item less, or more. */
function changesOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return [value.slice(1), value.slice(0, -1), [...value, value[0] ?? 'strange']];
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  const without = entries.map(([name]) => Object.fromEntries(entries.filter(([key]) => key !== name)));
  return [...without, { ...value, strange: 1 }];
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [[]];
  const inner = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [[], ...inner.flatMap(([key, item]) => placesIn(item).map((place) => [key, ...place]))];
}

function valueAt(body: unknown, place: Place): unknown {
  return place.reduce<any>((value, key) => value[key], body);
}

function withValue(body: any, [key, ...rest]: Place, value: unknown): unknown {
  if (key === undefined) return value;
  const inner = withValue(body[key], rest, value);
  if (Array.isArray(body)) return body.with(key as number, inner);
  return { ...body, [key]: inner };
}
