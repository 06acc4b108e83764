import fc from 'fast-check';
import { scanNumbers } from '../../../src/tensor/json/number-scanner';
import { nestedText, numberText, space } from './number-texts';

const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

/** The text of regular arrays of numbers, and their shape. */
const arrays = shape.chain((sizes) => {
  const count = sizes.reduce((product, size) => product * size, 1);
  return fc
    .tuple(
      fc.array(numberText, { minLength: count, maxLength: count }),
      fc.array(space, { minLength: 1, maxLength: 5 }),
    )
    .map(([items, spaces]) => ({ text: nestedText(items, sizes, spaces), shape: sizes }));
});

const scan = (text: string, single: boolean, expected = 1) =>
  scanNumbers(Buffer.from(text), 0, Buffer.byteLength(text), single, expected);

const flat = (text: string) => (JSON.parse(text) as unknown[]).flat(Infinity) as number[];

describe('numbers that are read without JSON.parse', () => {
  it('are those of JSON.parse in every bit', () => {
    fc.assert(
      fc.property(arrays, fc.nat(300), ({ text, shape: sizes }, expected) => {
        expect(scan(text, false, expected)).toStrictEqual({
          shape: sizes,
          values: Float64Array.from(flat(text)),
        });
        expect(scan(text, true, expected)).toStrictEqual({
          shape: sizes,
          values: Float32Array.from(flat(text)),
        });
      }),
      { numRuns: 300 },
    );
  });

  it('are valid JSON and regular, whatever is damaged', () => {
    const damage = fc.record({
      at: fc.nat(),
      remove: fc.nat(2),
      insert: fc.string({ unit: fc.constantFrom(...'0123456789.-+eE[], n"}'.split('')), maxLength: 2 }),
    });
    fc.assert(
      fc.property(arrays, damage, fc.boolean(), ({ text }, { at, remove, insert }, single) => {
        const start = at % (text.length + 1);
        const damaged = text.slice(0, start) + insert + text.slice(start + remove);
        const scanned = scan(damaged, single);
        if (scanned === undefined) return;
        const values = flat(damaged);
        expect([...scanned.values]).toStrictEqual(single ? values.map(Math.fround) : values);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    '[]',
    '[[]]',
    '[[1],[]]',
    '[[1],2]',
    '[1,[2]]',
    '[[1,2],[3]]',
    '[[1],[[2]]]',
    '[01]',
    '[-01]',
    '[1.]',
    '[.5]',
    '[+1]',
    '[-]',
    '[1e]',
    '[1e+]',
    '[1,]',
    '[,1]',
    '[1 2]',
    '[1',
    '[1]]',
    '[NaN]',
    '[null]',
    '["1"]',
    '[1e39]',
    '[1e999]',
    `${'['.repeat(34)}1${']'.repeat(34)}`,
  ])('are not %s', (text) => {
    expect(scan(text, true)).toBeUndefined();
    expect(scan(text, false)).toBeUndefined();
  });
});
