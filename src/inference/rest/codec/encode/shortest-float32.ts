/** Powers of ten that a double holds exactly, 10^0 to 10^22. */
const POWER = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Values from here to {@link LARGE} are shortened; those outside print with an exponent and stay as they are. */
const SMALL = 1e-6;
const LARGE = 1e7;

/**
 * A double that prints in few digits and rounds to the same float32 as `value`: 0.1 for 0.10000000149011612. Seven to
 * nine digits are tried; nine always suffice for a float32.
 *
 * @param value a number that a float32 holds exactly.
 */
export function shortestFloat32(value: number): number {
  const size = Math.abs(value);
  if (!(size >= SMALL && size < LARGE)) return value;
  let decimals = 0;
  while (size * (POWER[decimals] as number) < LARGE / 10) decimals++;
  for (let more = 0; more < 3; more++) {
    const power = POWER[decimals + more] as number;
    const short = Math.round(value * power) / power;
    if (Math.fround(short) === value) return short;
  }
  return value;
}
