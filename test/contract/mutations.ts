import fc from 'fast-check';

/** A place in a body: keys and indexes from the outside in. */
export type Place = readonly (string | number)[];

/** A body with one thing changed. */
export interface Mutation {
  readonly body: unknown;
  readonly place: Place;
  /** Whether nothing but what is at `place` can be taken for wrong; changed arrays may be of another form. */
  readonly isCertain: boolean;
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
    const mutation = (value: unknown, isCertain: boolean, at = place) => ({
      body: withValue(body, place, value),
      place: at,
      isCertain,
    });
    const isPlain = typeof old !== 'object';
    const replaced = STRANGE.map((value) => mutation(value, isPlain && typeof value !== 'object'));
    const others = resized(old).map((value) => mutation(value, false));
    const added = isRecord(old) ? [mutation({ ...old, strange: 1 }, true, [...place, 'strange'])] : [];
    const kinds = [replaced, others, added].filter((kind) => kind.length > 0);
    return fc.oneof(...kinds.map((kind) => fc.constantFrom(...kind)));
  });
}

/** `value` with a key or an item less, or an item more. */
function resized(value: unknown): unknown[] {
  if (Array.isArray(value)) return [value.slice(1), value.slice(0, -1), [...value, value[0] ?? 'strange']];
  if (!isRecord(value)) return [];
  const entries = Object.entries(value);
  return entries.map(([name]) => Object.fromEntries(entries.filter(([key]) => key !== name)));
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
