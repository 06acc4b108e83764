import fc from 'fast-check';
import { Fault } from '../../../../src/repository/triton/text/fault';
import { parseText, type TextField, type Value } from '../../../../src/repository/triton/text/parse-text';

/** A value as it is made up: its form, and all ways in which it may be written. */
type Made =
  | { kind: 'string' | 'number' | 'identifier'; text: string }
  | { kind: 'message'; fields: MadeField[] }
  | { kind: 'list'; items: Made[] };

interface MadeField {
  name: string;
  value: Made;
}

/** Chooses among the legal styles; each choice is the next of these numbers. */
type Style = () => number;

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
const scalar: fc.Arbitrary<Made> = fc.oneof(
  fc.record({ kind: fc.constant('string' as const), text: fc.string({ unit: 'binary' }) }),
  fc.record({ kind: fc.constant('identifier' as const), text: name }),
  fc.record({
    kind: fc.constant('number' as const),
    text: fc.stringMatching(
      /^-?(0|[1-9][0-9]{0,8}|0x[0-9a-fA-F]{1,8}|0[0-7]{1,8}|[1-9]?[1-9]\.[0-9]{0,4}(e[+-]?[0-9]{1,3})?f?|\.5)$/,
    ),
  }),
);
const { fields } = fc.letrec<{ fields: MadeField[]; message: Made; value: Made }>((tie) => ({
  fields: fc.array(fc.record({ name, value: tie('value') }), { maxLength: 5 }),
  message: fc.record({ kind: fc.constant('message' as const), fields: tie('fields') }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('message'),
    fc.record({ kind: fc.constant('list' as const), items: fc.array(scalar, { maxLength: 4 }) }),
    fc.record({ kind: fc.constant('list' as const), items: fc.array(tie('message'), { maxLength: 3 }) }),
  ),
}));
const choices = fc.infiniteStream(fc.nat({ max: 1000 }));

const BLANKS = [' ', '\n', '\t', ' # a "comment" {\n', '\r\n', '  '];

function pick<T>(style: Style, options: readonly T[]): T {
  return options[style() % options.length]!;
}

function printFields(made: readonly MadeField[], style: Style): string {
  return made.map((field) => printField(field, style)).join('');
}

function printField({ name: word, value }: MadeField, style: Style): string {
  const isMessage =
    value.kind === 'message' ||
    (value.kind === 'list' && value.items.every(({ kind }) => kind === 'message'));
  const colon = isMessage && pick(style, [true, false]) ? '' : ':';
  return (
    word +
    pick(style, ['', ...BLANKS]) +
    colon +
    pick(style, ['', ...BLANKS]) +
    print(value, style) +
    pick(style, [' ', ',', ';', '\n', ' ; '])
  );
}

function print(value: Made, style: Style): string {
  switch (value.kind) {
    case 'message': {
      const [open, close] = pick(style, [
        ['{', '}'],
        ['<', '>'],
      ]);
      return open + pick(style, ['', ...BLANKS]) + printFields(value.fields, style) + close;
    }
    case 'list':
      return `[${value.items.map((item) => print(item, style)).join(pick(style, [',', ' , ', ',\n']))}]`;
    case 'string':
      return quote(value.text, style);
    case 'number':
      return value.text.replace(/^-/, pick(style, ['-', '- ', '-\n']));
    case 'identifier':
      return value.text;
  }
}

/** A string with either quotes, in one piece or two, its characters plain or escaped. */
function quote(text: string, style: Style): string {
  const characters = Array.from(text);
  const middle = pick(style, [0, Math.floor(characters.length / 2)]);
  const pieces = [characters.slice(0, middle), characters.slice(middle)];
  return pieces
    .map((piece) => {
      const mark = pick(style, ['"', "'"]);
      return mark + piece.map((character) => escape(character, mark, style)).join('') + mark;
    })
    .join(pick(style, ['', ...BLANKS]));
}

function escape(character: string, mark: string, style: Style): string {
  if (!['\\', '\n', '\0', mark].includes(character) && style() % 4 > 0) return character;
  const bytes = [...Buffer.from(character)];
  const point = character.codePointAt(0)!.toString(16);
  return pick(style, [
    bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
    bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
    `\\U${point.padStart(8, '0')}`,
  ]);
}

function withoutPlaces(value: Value): Made {
  if (value.kind === 'message') return { kind: 'message', fields: asMade(value.fields) };
  if (value.kind === 'list') return { kind: 'list', items: value.items.map(withoutPlaces) };
  return { kind: value.kind, text: value.text };
}

function asMade(parsed: readonly TextField[]): MadeField[] {
  return parsed.map(({ name: word, value }) => ({ name: word, value: withoutPlaces(value) }));
}

/** Whether `text` is read, or refused in the parser's own way. */
function isHandled(text: string): boolean {
  try {
    parseText(text);
    return true;
  } catch (error) {
    return error instanceof Fault && /^\d+:\d+: expected [^]+, got [^]+$/.test(error.message);
  }
}

it('what is printed in any legal style is read back', () => {
  fc.assert(
    fc.property(fields, choices, (made, stream) => {
      const text = printFields(made, () => stream.next().value!);
      expect(asMade(parseText(text))).toEqual(made);
    }),
    { numRuns: 500 },
  );
});

it('nothing but a Fault comes of random text', () => {
  const pieces = fc.constantFrom(
    'a',
    ':',
    '{',
    '}',
    '<',
    '>',
    '[',
    ']',
    ',',
    ';',
    '-',
    '"',
    "'",
    '\\',
    '\n',
    '#',
    '0',
    '1.5',
    'x',
    '\0',
    'é',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (random) => expect(isHandled(random)).toBe(true)),
    { numRuns: 3000 },
  );
});

it('nothing but a Fault comes of a damaged text', () => {
  fc.assert(
    fc.property(
      fields,
      choices,
      fc.nat(),
      fc.nat({ max: 5 }),
      fc.string({ unit: 'binary', maxLength: 3 }),
      (made, stream, place, cut, put) => {
        const text = printFields(made, () => stream.next().value!);
        const at = place % (text.length + 1);
        expect(isHandled(text.slice(0, at) + put + text.slice(at + cut))).toBe(true);
      },
    ),
    { numRuns: 1000 },
  );
});

it.each([
  ['fields', 'a: 1\n'],
  ['messages', 'a { b < > } '],
  ['lists', 'a: [1, 2, 3] '],
  ['one list', '1,', 'a: [', '', '1]'],
  ['pieces of a string', '"b" ', 'a: '],
  ['a string', 'bcde', 'a: "', '', '"'],
  ['escapes', '\\x41', 'a: "', '', '"'],
  ['digits that are no number', '9', 'a: ', '', 'z'],
  ['a fraction that is no number', '9', 'a: 1.', '', 'z'],
  ['comments', '#\n'],
  ['quotes that are never closed', "'\\", 'a: "'],
  ['openings', 'a{'],
])('takes linear time: %s', (_name, repeated, before = '', middle = '', after = '') => {
  const timeOf = (times: number) => {
    const text = before + middle + repeated.repeat(times) + after;
    const started = process.cpuUsage();
    isHandled(text);
    return process.cpuUsage(started).user / 1000;
  };
  // Eight times as much would take 64 times as long if the time were quadratic; below 5 ms, noise is most of it. A machine that
  // is busy with other things disturbs some of the trials, but quadratic time fails all of them.
  const ratios: number[] = [];
  do ratios.push(timeOf(160_000) / Math.max(5, timeOf(20_000)));
  while (Math.min(...ratios) >= 32 && ratios.length < 10);
  expect(Math.min(...ratios)).toBeLessThan(32);
});
