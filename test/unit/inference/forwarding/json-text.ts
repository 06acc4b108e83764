import fc from 'fast-check';

const spaces = fc.stringMatching(/^[ \t\r\n]{0,3}$/);

/** JSON texts of an object with `members`, in all the ways to write it: white space, escapes, members that repeat. */
export function jsonTexts(
  members: fc.Arbitrary<readonly (readonly [string, unknown])[]>,
): fc.Arbitrary<string> {
  return fc
    .tuple(members, fc.infiniteStream(spaces), fc.infiniteStream(fc.nat(5)))
    .map(([entries, gaps, choices]) => {
      const gap = () => gaps.next().value as string;
      const string = (text: string) =>
        `"${Array.from({ length: text.length }, (_, index) => escaped(text.charCodeAt(index), choices.next().value as number)).join('')}"`;
      const write = (value: unknown): string => {
        if (typeof value === 'string') return string(value);
        if (Array.isArray(value))
          return `[${value.map((item) => gap() + write(item) + gap()).join(',') || gap()}]`;
        if (typeof value === 'object' && value !== null) return object(Object.entries(value));
        return JSON.stringify(value);
      };
      const object = (all: readonly (readonly [string, unknown])[]): string =>
        `{${all.map(([key, value]) => gap() + string(key) + gap() + ':' + gap() + write(value) + gap()).join(',') || gap()}}`;
      return gap() + object(entries) + gap();
    });
}

function escaped(unit: number, choice: number): string {
  const isSurrogate = unit >= 0xd800 && unit < 0xe000;
  if (choice === 0 || isSurrogate) return `\\u${unit.toString(16).padStart(4, '0')}`;
  const text = JSON.stringify(String.fromCharCode(unit)).slice(1, -1);
  return choice === 1 && text === '/' ? '\\/' : text;
}

/** `bytes` cut at `cuts`, which are taken modulo its length. */
export function piecesOf(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted(
    (one, other) => one - other,
  );
  return [...ends, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}
