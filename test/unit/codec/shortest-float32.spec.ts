import fc from 'fast-check';
import { shortestFloat32 } from '../../../src/tensor/json/shortest-float32';

/** The float32 with these bits. */
function floatOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
}

const digitsOf = (text: string) =>
  text
    .replace(/e.*$/, '')
    .replace(/^-?0*\.?0*|\./g, '')
    .replace(/0+$/, '');

/** Whether a decimal of fewer digits than `text` is the same float32 as `value`. */
function hasShorter(value: number, text: string): boolean {
  const size = Math.abs(value);
  for (let digits = digitsOf(text).length - 1; digits > 0; digits--) {
    const nearest = size.toPrecision(digits);
    const [, mantissa = '', exponent = '0'] = /^([\d.]+)(?:e(.*))?$/.exec(
      Number(nearest).toExponential(digits - 1),
    )!;
    const unit = Number(`1e${Number(exponent) - digits + 1}`);
    const near = [Number(nearest), Number(`${mantissa}e${exponent}`) + unit, Number(nearest) - unit];
    if (near.some((decimal) => digitsOf(String(decimal)).length <= digits && Math.fround(decimal) === size))
      return true;
  }
  return false;
}

/** What `value` is written as, and what is wrong with that; empty when nothing is. */
function faultOf(value: number): string {
  const text = JSON.stringify(shortestFloat32(value));
  if (Math.fround(JSON.parse(text) as number) !== value) return `${text} is not ${value}`;
  const isWhole = Math.abs(value) >= 1e7 && Math.abs(value) < 1e21;
  if (text.length > JSON.stringify(value).length) return `${text} is longer than ${value}`;
  return !isWhole && hasShorter(value, text) ? `${text} is not the shortest for ${value}` : '';
}

describe('a float32 in JSON', () => {
  it('is the same number again, in no more digits than it takes, whatever its bits', () => {
    const bits = fc.integer({ min: 0, max: 0xffffffff }).map(floatOf);
    fc.assert(
      fc.property(
        bits.filter((value) => Number.isFinite(value) && value !== 0),
        (value) => {
          expect(faultOf(value)).toBe('');
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('is so at every power of two, where the floats below are nearer than those above', () => {
    for (let exponent = -149; exponent < 128; exponent++) expect(faultOf(2 ** exponent)).toBe('');
  });

  it.each([
    [0.1, '0.1'],
    [1e-8, '1e-8'],
    [-2.5e-7, '-2.5e-7'],
    [1.4e-45, '1e-45'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [16777216, '16777216'],
    [123456792, '123456792'],
  ])('%d is written as %s', (value, text) => {
    expect(JSON.stringify(shortestFloat32(Math.fround(value)))).toBe(text);
  });
});
