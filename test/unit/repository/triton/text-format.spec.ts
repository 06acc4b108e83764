import { type TextField, type Value, parseText } from '../../../../src/repository/triton/text/parse-text';

/** A value without its positions: strings as they are, numbers and identifiers tagged, messages as pairs. */
function plain(value: Value): unknown {
  if (value.kind === 'string') return value.text;
  if (value.kind === 'list') return value.items.map(plain);
  if (value.kind === 'message') return { fields: pairs(value.fields) };
  return { [value.kind]: value.text };
}

function pairs(fields: readonly TextField[]): unknown[] {
  return fields.map(({ name, value }) => [name, plain(value)]);
}

const parse = (text: string) => pairs(parseText(text));

describe('the text format', () => {
  it.each<[text: string, fields: unknown[]]>([
    ['', []],
    [' \t\r\n# only a comment', []],
    ['a: 1', [['a', { number: '1' }]]],
    ['a:1 b:2, c:3; d:4', ['a', 'b', 'c', 'd'].map((name, index) => [name, { number: `${index + 1}` }])],
    ['a: KIND_CPU', [['a', { identifier: 'KIND_CPU' }]]],
    [
      'a: -5 b: - # of a sign\n 6',
      [
        ['a', { number: '-5' }],
        ['b', { number: '-6' }],
      ],
    ],
    [
      'a: 0x1F b: 017 c: 1.5f d: .5e-3 e: 1. f: -inf',
      [
        ['a', { number: '0x1F' }],
        ['b', { number: '017' }],
        ['c', { number: '1.5f' }],
        ['d', { number: '.5e-3' }],
        ['e', { number: '1.' }],
        ['f', { number: '-inf' }],
      ],
    ],
    ['a { b: 1 }', [['a', { fields: [['b', { number: '1' }]] }]]],
    [
      'a: < b: 1 >; c: {}',
      [
        ['a', { fields: [['b', { number: '1' }]] }],
        ['c', { fields: [] }],
      ],
    ],
    [
      'a: [1, 2] b: []',
      [
        ['a', [{ number: '1' }, { number: '2' }]],
        ['b', []],
      ],
    ],
    ['a [ { b: 1 }, < > ]', [['a', [{ fields: [['b', { number: '1' }]] }, { fields: [] }]]]],
    [
      `a: "it's" b: 'a "b"'`,
      [
        ['a', "it's"],
        ['b', 'a "b"'],
      ],
    ],
    [`a: "one" 'two' # and\n "three"`, [['a', 'onetwothree']]],
    [String.raw`a: "\a\b\f\n\r\t\v\?\\\'\""`, [['a', '\x07\b\f\n\r\t\v?\\\'"']]],
    [
      String.raw`a: "\101\x42\X43\7" b: "\303\251\u00e9\U0001F600é"`,
      [
        ['a', 'ABC\x07'],
        ['b', 'éé\u{1F600}é'],
      ],
    ],
    ['a: "# no comment"', [['a', '# no comment']]],
  ])('is read: %s', (text, fields) => expect(parse(text)).toEqual(fields));

  it.each<[text: string, message: string]>([
    ['a', '1:2: expected : or {, got the end of the text'],
    ['a 1', '1:3: expected : or {, got 1'],
    ['a:', '1:3: expected a value, got the end of the text'],
    ['a: }', '1:4: expected a value, got }'],
    ['a {', '1:4: expected a field name or }, got the end of the text'],
    ['a {\n  b: 1\n>', '3:1: expected a field name or }, got >'],
    ['\n }', '2:2: expected a field name, got }'],
    ['a: [1 2]', '1:7: expected , or ], got 2'],
    ['a: [1,]', '1:7: expected a value, got ]'],
    ['a: [[1]]', '1:5: expected a value, got ['],
    ['a [1]', '1:4: expected : or {, got 1'],
    ['a: -"b"', '1:5: expected a number after -, got "b"'],
    ['a: -b', '1:5: expected a number after -, got b'],
    ['a: 08', '1:4: expected a field or a value, got 08'],
    ['a: 10x', '1:4: expected a field or a value, got 10x'],
    ['a: 1.2.3', '1:4: expected a field or a value, got 1.2.3'],
    ['a: "b', '1:4: expected " at the end of the string, got the end of the text'],
    ['a: "b\nc"', '1:4: expected " at the end of the string, got the end of the line'],
    [String.raw`a: "\q"`, String.raw`1:4: expected an escape such as \n, \" or \x41, got \q`],
    [String.raw`a: "\777"`, String.raw`1:4: expected an escape such as \n, \" or \x41, got \7`],
    [String.raw`a: "\ud800"`, String.raw`1:4: expected an escape such as \n, \" or \x41, got \u`],
    [String.raw`a: "\xff"`, '1:4: expected a UTF-8 string, got invalid bytes'],
    ['[com.example.ext]: 1', '1:1: expected a field name (extensions and Any are not supported), got ['],
    ['a: 1 § b: 2', '1:6: expected a field or a value, got §'],
    ['a: 1 , , b: 2', '1:8: expected a field name, got ,'],
    [`a: 1 ${'9'.repeat(100)}z`, `1:6: expected a field or a value, got ${'9'.repeat(40)}...`],
  ])('is refused with its place: %s', (text, message) => {
    expect(() => parseText(text)).toThrow(expect.objectContaining({ name: 'Fault', message }));
  });

  it('says where a field and its value stand', () => {
    const [, field] = parseText('a: 1\n  b:\n "text"');
    expect(field).toMatchObject({ at: { line: 2, column: 3 }, value: { at: { line: 3, column: 2 } } });
  });

  it('refuses messages that are too deep before the stack is used up', () => {
    expect(parse('a{'.repeat(64) + '}'.repeat(64))).toHaveLength(1);
    expect(() => parseText('a{'.repeat(65) + '}'.repeat(65))).toThrow(
      '1:130: expected at most 64 nested messages',
    );
    expect(() => parseText('a{'.repeat(100_000))).toThrow('expected at most 64 nested messages');
  });
});
