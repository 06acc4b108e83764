import fc from 'fast-check';

const digits = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength, maxLength });

const whole = fc.oneof(
  fc.constant('0'),
  fc.tuple(fc.constantFrom(...'123456789'.split('')), digits(0, 24)).map((parts) => parts.join('')),
);

/** Numbers in any notation that JSON has, also with more digits than a double. */
const written = fc
  .tuple(
    fc.constantFrom('', '-'),
    whole,
    fc.oneof(
      fc.constant(''),
      digits(1, 30).map((text) => `.${text}`),
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('') },
      fc
        .tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.integer({ min: 0, max: 45 }))
        .map((parts) => parts.join('')),
    ),
  )
  .map((parts) => parts.join(''));

/** Numbers between two neighbouring float32, where a wrong digit rounds to the wrong one. */
const halfway = fc
  .tuple(fc.integer({ min: 1, max: 0x7e000000 }), fc.integer({ min: -2, max: 2 }))
  .map(([bits, steps]) => {
    const [low, high] = new Float32Array(new Int32Array([bits, bits + 1]).buffer);
    const middle = new Float64Array([(low! + high!) / 2]);
    new BigInt64Array(middle.buffer)[0]! += BigInt(steps);
    const [number] = middle;
    return number! > 1e-4 && number! < 1e20 ? number!.toPrecision(21) : JSON.stringify(number);
  });

/** The text of a finite number below 3e38. */
export const numberText = fc
  .oneof(
    written,
    halfway,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
    fc.integer({ min: -1000, max: 1000 }).map(String),
    fc.constantFrom('-0', '0', '-0.0', '0e5', '1E2', '0.1', '1e-45', '1.4e-45', '9007199254740993'),
  )
  .filter((text) => Math.abs(Number(text)) <= 3e38);

/** White space of JSON. */
export const space = fc.constantFrom('', '', '', ' ', '\n  ', '\t', '\r\n');

/** `items` in nested arrays of `shape`, which has as many elements, each followed by one of `spaces`. */
export function nestedText(
  items: readonly string[],
  shape: readonly number[],
  spaces: readonly string[],
): string {
  let item = 0;
  const gap = () => spaces[item % spaces.length]!;
  const nest = (level: number): string =>
    level === shape.length
      ? `${items[item++]}${gap()}`
      : `[${gap()}${Array.from({ length: shape[level]! }, () => nest(level + 1)).join(`,${gap()}`)}]${gap()}`;
  return nest(0).trim();
}
