import fc from 'fast-check';
import { parseExactJson } from '../../../src/common/exact-json';

describe('exact JSON', () => {
  it('is what JSON.parse reads, where JSON.parse loses nothing', () => {
    const value = fc
      .jsonValue({ depthSize: 'medium' })
      .filter((json) => !/\d{16}/.test(JSON.stringify(json)));
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (json, space) => {
        const text = JSON.stringify(json, null, space);
        expect(JSON.stringify(parseExactJson(` ${text}\r\n`))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('refuses what JSON.parse refuses, tokens and overflow apart', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 }))
      .map(
        ([text, at, insert]) => text.slice(0, at % text.length) + insert + text.slice((at % text.length) + 1),
      )
      .filter((text) => !/NaN|Infinity|\d{3}/.test(text));
    fc.assert(
      fc.property(damaged, (text) => {
        expect(accepts(parseExactJson, text)).toBe(accepts(JSON.parse, text));
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps tokens, large integers and a key __proto__', () => {
    expect(parseExactJson('[NaN,Infinity,-Infinity,-0]')).toEqual([NaN, Infinity, -Infinity, -0]);
    expect(parseExactJson('[9007199254740993,9007199254740991]')).toEqual([
      9007199254740993n,
      9007199254740991,
    ]);
    expect(Object.keys(parseExactJson('{"__proto__":1}') as object)).toEqual(['__proto__']);
  });
});

function accepts(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
