import fc from 'fast-check';
import { parseMessageJson } from '../../../../src/repository/triton/text/json-mapping';
import { MODEL_CONFIG } from '../../../../src/repository/triton/model-config';
import { Fault } from '../../../../src/repository/triton/text/fault';
import { many, mapOf, numberedMapOf } from '../../../../src/repository/triton/text/message-type';
import { positionOf, readMessage } from '../../../../src/repository/triton/text/read-message';

const INNER = { dims: many('int64') } as const;
const TYPE = {
  text: 'string',
  a_flag: 'bool',
  small: 'int32',
  count: 'uint32',
  big: 'int64',
  real: 'double',
  kind: ['NONE', 'KIND_ONE'],
  inner: INNER,
  many_inner: many(INNER),
  names: mapOf('string'),
  levels: numberedMapOf(INNER),
} as const;

const read = (json: string) => readMessage(parseMessageJson(json, TYPE), TYPE);

describe('the JSON mapping of a message', () => {
  it.each<[json: string, message: object]>([
    ['{}', {}],
    ['\n { "text" : "a" , "a_flag" : true }\t', { text: 'a', a_flag: true }],
    [
      '{"aFlag": false, "manyInner": [{}, {"dims": [1]}]}',
      { a_flag: false, many_inner: [{}, { dims: [1] }] },
    ],
    ['{"small": -7, "count": 4294967295, "big": -1e3}', { small: -7, count: 4294967295, big: -1000 }],
    [
      '{"small": "8", "count": 8.0, "big": "9007199254740991"}',
      { small: 8, count: 8, big: 9007199254740991 },
    ],
    ['{"inner": {"dims": ["1", 2, -1]}}', { inner: { dims: [1, 2, -1] } }],
    ['{"real": 1.5e2}', { real: 150 }],
    ['{"real": "-Infinity"}', { real: -Infinity }],
    ['{"real": "NaN"}', { real: Number.NaN }],
    ['{"kind": "KIND_ONE"}', { kind: 'KIND_ONE' }],
    ['{"kind": "kind_one"}', { kind: 'KIND_ONE' }],
    ['{"kind": 1}', { kind: 'KIND_ONE' }],
    [
      '{"names": {"Camel_Key": "v", "": "w"}}',
      {
        names: [
          { key: 'Camel_Key', value: 'v' },
          { key: '', value: 'w' },
        ],
      },
    ],
    ['{"levels": {"2": {"dims": [3]}}}', { levels: [{ key: 2, value: { dims: [3] } }] }],
    ['{"text": null, "inner": null, "many_inner": [], "nothing": null}', {}],
    [String.raw`{"text": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00'"}`, { text: '"\\/\b\f\n\r\té😀\'' }],
  ])('is read: %s', (json, message) => expect(read(json)).toEqual(message));

  it.each<[json: string, message: string]>([
    ['', '1:1: expected {, got the end of the text'],
    ['[]', '1:1: expected {, got ['],
    ['{} {}', '1:4: expected the end of the text, got {'],
    ['{"text": "a"', '1:13: expected , or }, got the end of the text'],
    ['{"text" "a"}', '1:9: expected :, got "a"'],
    ["{'text': 1}", "1:2: expected a key in double quotes, got 'text'"],
    ['{text: 1}', '1:2: expected a key in double quotes, got text'],
    ['{"text": "a",}', '1:14: expected a key in double quotes, got }'],
    ['{"inner": {"dims": [1,]}}', '1:23: expected a value, got ]'],
    ['{"inner": {"dims": [1 2]}}', '1:23: expected , or ], got 2'],
    ['{"text": "a\nb"}', '1:10: expected " at the end of the string, got the end of the line'],
    [String.raw`{"text": "\x41"}`, String.raw`1:10: expected a string with valid JSON escapes, got "\x41"`],
    ['{"text": "a\tb"}', '1:10: expected a string with valid JSON escapes, got "a\tb"'],
    ['{"small": 017}', '1:11: expected a number, got 017'],
    ['{"small": 0x1}', '1:11: expected a number, got 0x1'],
    ['{"real": .5}', '1:10: expected a number, got .5'],
    ['{"real": -NaN}', '1:11: expected a number, got NaN'],
    ['{"real": NaN}', '1:10: expected a value, got NaN'],
    ['{"a_flag": True}', '1:12: expected a value, got True'],
    ['{"text": "a",\n "text": "b"}', '2:2: expected each key once, got a second "text"'],
    ['{"inner": {"dims": [1]}, "inner": {}}', '1:26: expected each key once, got a second "inner"'],
    ['{"a_flag": true, "aFlag": true}', "1:18: field 'a_flag' is set twice; remove one of them"],
    ['{"txt": "a"}', "1:2: unknown field 'txt'; did you mean 'text'?"],
    ['{"__proto__": {"a": 1}}', "1:2: unknown field '__proto__'"],
    ['{"text": 1}', '1:10: expected string for text, got 1'],
    ['{"a_flag": "true"}', '1:12: expected bool for a_flag, got "true"'],
    ['{"small": 1.5}', '1:11: expected int32 for small, got 1.5'],
    ['{"small": 2147483648}', '1:11: expected int32 for small, got 2147483648'],
    ['{"small": "017"}', '1:11: expected int32 for small, got "017"'],
    ['{"count": ""}', '1:11: expected uint32 for count, got ""'],
    ['{"big": 1e300}', '1:9: expected int64 for big, got 1e300'],
    ['{"kind": "other"}', '1:10: expected NONE, KIND_ONE for kind, got OTHER'],
    ['{"inner": "x"}', '1:11: expected { after inner, got "x"'],
    ['{"inner": {"dims": [[1]]}}', '1:21: expected int64 for dims, got a list'],
    ['{"inner": {"dims": [null]}}', '1:21: expected int64 for dims, got null'],
    ['{"names": {"a": null}}', '1:17: expected string for value, got null'],
    ['{"levels": {"x": {}}}', '1:13: expected uint64 for key, got "x"'],
  ])('is refused with its place: %s', (json, message) => {
    expect(() => read(json)).toThrow(expect.objectContaining({ name: 'Fault', message }));
  });

  it('keeps where each field stands', () => {
    const message = read('{\n "inner":\n {"dims": [1]},\n "many_inner": [\n{}, \n{}]}');
    expect(positionOf(message, 'inner')).toEqual({ line: 2, column: 2 });
    expect(positionOf(message.inner!, 'dims').line).toBe(3);
    expect(message.many_inner!.map((inner) => positionOf(inner).line)).toEqual([5, 6]);
  });

  it('is refused before the stack is used up', () => {
    expect(() => read('{"a":'.repeat(100_000))).toThrow('expected at most 64 nested values');
    expect(() => read(`{"a": ${'['.repeat(100_000)}`)).toThrow('expected at most 64 nested values');
  });
});

it('takes all of JSON and nothing else, but for comments', () => {
  const isTaken = (text: string) => {
    try {
      parseMessageJson(text, MODEL_CONFIG);
      return true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return false;
    }
  };
  const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 8 }));
  const spaced = fc
    .tuple(object, fc.constantFrom('', ' ', '\n\t'))
    .map(([value, space]) => JSON.stringify(value, null, space));
  fc.assert(fc.property(spaced, isTaken));
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"a"',
    '"b"',
    '1',
    '-1',
    'null',
    'true',
    ' ',
    '01',
  );
  const pieces = fc.array(piece, { maxLength: 12 }).map((parts) => `{"c":${parts.join('')}}`);
  fc.assert(
    fc.property(pieces, (text) => {
      const parsed = parsedOf(text);
      fc.pre(!/"[ab]"[^]*"[ab]"/.test(text));
      expect(isTaken(text)).toBe(parsed !== undefined);
    }),
    { numRuns: 2000 },
  );
});

function parsedOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
