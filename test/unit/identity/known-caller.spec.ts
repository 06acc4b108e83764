import fc from 'fast-check';
import { KnownCaller } from '../../../src/identity/known-caller';
import { UNLIMITED } from '../../../src/limits/quota';

function callerWith(...models: string[]): KnownCaller {
  return new KnownCaller({ key: 'key', tenant: 'tenant', scopes: ['infer'], models, quotas: UNLIMITED });
}

describe('KnownCaller', () => {
  it.each([
    ['digits', 'digits', true],
    ['digits', 'digits-2', false],
    ['ocr-*', 'ocr-', true],
    ['ocr-*', 'xocr-1', false],
    ['*-v1', 'digits-v1', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*b', 'ab', false],
    ['a*bc*c', 'abc', false],
    ['a*bc*c', 'abcbc', true],
    ['a.b*', 'aXb', false],
    ['a*', 'a\nb', true],
  ])('with %s sees %j: %s', (pattern, model, sees) => {
    expect(callerWith(pattern).sees(model)).toBe(sees);
  });

  it('sees what a regular expression with .* for each * matches', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(text, name, (pattern, model) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(model);
        expect(callerWith(pattern).sees(model)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  // A regular expression would take longer than the test may.
  it('sees through a pattern with many * without backtracking', () => {
    expect(callerWith(`${'*a'.repeat(60)}*b`).sees('a'.repeat(256))).toBe(false);
  });
});
