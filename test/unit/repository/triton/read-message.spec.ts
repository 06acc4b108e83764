import { many, mapOf, ONE_OF } from '../../../../src/repository/triton/text/message-type';
import { positionOf, readMessage } from '../../../../src/repository/triton/text/read-message';
import { parseText } from '../../../../src/repository/triton/text/parse-text';

const TYPE = {
  text: 'string',
  flag: 'bool',
  small: 'int32',
  count: 'uint32',
  big: 'int64',
  huge: 'uint64',
  real: 'double',
  kind: ['NONE', 'ONE', 'TWO'],
  inner: { dims: many('int64') },
  many_inner: many({ name: 'string' }),
  parameters: mapOf('string'),
  left: 'bool',
  right: 'bool',
  [ONE_OF]: ['left', 'right'],
} as const;

const read = (text: string) => readMessage(parseText(text), TYPE);

describe(readMessage, () => {
  it.each<[text: string, message: object]>([
    ['', {}],
    [
      'text: "a" flag: true small: -2147483648 count: 0xFFFFFFFF',
      { text: 'a', flag: true, small: -2147483648, count: 4294967295 },
    ],
    ['big: -9007199254740991 huge: 017', { big: -9007199254740991, huge: 15 }],
    ['flag: t left: 0', { flag: true, left: false }],
    ['flag: False right: 0x1', { flag: false, right: true }],
    ['real: 1.5f', { real: 1.5 }],
    ['real: -inf', { real: -Infinity }],
    ['real: NaN', { real: Number.NaN }],
    ['real: 12', { real: 12 }],
    ['kind: TWO', { kind: 'TWO' }],
    ['kind: 1', { kind: 'ONE' }],
    ['inner { dims: [1, -1] dims: 3 }', { inner: { dims: [1, -1, 3] } }],
    ['many_inner { } many_inner [ { name: "b" } ]', { many_inner: [{}, { name: 'b' }] }],
    ['parameters { key: "a" value: "b" }', { parameters: [{ key: 'a', value: 'b' }] }],
  ])('gives fields their types: %s', (text, message) => expect(read(text)).toEqual(message));

  it.each<[text: string, message: string]>([
    ['txt: "a"', "1:1: unknown field 'txt'; did you mean 'text'?"],
    ['\ninner { dim: 1 }', "2:9: unknown field 'dim'; did you mean 'dims'?"],
    ['toString: 1', "1:1: unknown field 'toString'"],
    ['text: 1', '1:7: expected string for text, got 1'],
    ['text: yes', '1:7: expected string for text, got yes'],
    ['flag: "true"', '1:7: expected bool for flag, got "true"'],
    ['flag: 2', '1:7: expected bool for flag, got 2'],
    ['flag: TRUE', '1:7: expected bool for flag, got TRUE'],
    ['small: 2147483648', '1:8: expected int32 for small, got 2147483648'],
    ['count: -1', '1:8: expected uint32 for count, got -1'],
    ['huge: 18446744073709551616', '1:7: expected uint64 for huge, got 18446744073709551616'],
    [`huge: ${'9'.repeat(1000)}`, `1:7: expected uint64 for huge, got ${'9'.repeat(40)}...`],
    ['small: 1.0', '1:8: expected int32 for small, got 1.0'],
    ['real: 0x1', '1:7: expected double for real, got 0x1'],
    ['kind: THREE', '1:7: expected NONE, ONE, TWO for kind, got THREE'],
    ['kind: 3', '1:7: expected NONE, ONE, TWO for kind, got 3'],
    ['kind: "ONE"', '1:7: expected NONE, ONE, TWO for kind, got "ONE"'],
    ['inner: 1', '1:8: expected { after inner, got 1'],
    ['inner: [{}]', '1:8: expected { after inner, got a list'],
    ['text { }', '1:6: expected string for text, got a message'],
    ['text: "a"\ntext: "b"', "2:1: field 'text' is set twice; remove one of them"],
    ['left: true right: false', '1:12: expected only one of left, right, got both left and right'],
  ])('refuses what the type does not allow: %s', (text, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ name: 'Fault', message }));
  });

  it('keeps where each field stands', () => {
    const message = read('\ntext: "a"\ninner {\n dims: 1 dims: 2 }\nmany_inner {}\nmany_inner {}');
    expect(positionOf(message, 'text').line).toBe(2);
    expect(positionOf(message, 'flag').line).toBe(1);
    expect(positionOf(message.inner!, 'dims')).toEqual({ line: 4, column: 2 });
    expect(message.many_inner!.map((inner) => positionOf(inner).line)).toEqual([5, 6]);
  });
});
