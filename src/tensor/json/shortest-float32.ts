/** Powers of ten from 10^0 to 10^54. Up to {@link LAST_EXACT} they are exact. */
const POWER = Float64Array.from({ length: 55 }, (_, exponent) => Number(`1e${exponent}`));
const LAST_EXACT = 22;

/** Whole numbers from here on print with all digits, even if fewer would suffice. */
const LARGE = 1e7;
/** From here on they print with an exponent, so fewer digits are shorter. */
const EXPONENTIAL = 1e21;
/** Float32 values below this have fewer than 24 bits of precision. */
const SMALLEST_NORMAL = 2 ** -126;

/**
 * Among the doubles that round to the same float32 as `value`, returns the one that prints with the fewest digits, for
 * example 0.1 for 0.10000000149011612. Nine digits always suffice.
 *
 * @param value a number that a float32 represents exactly.
 */
export function shortestFloat32(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || (size >= LARGE && size < EXPONENTIAL)) return value;
  if (!Number.isFinite(size)) return value;
  let decimals = 0;
  if (size < 1) decimals = 6;
  while (shifted(size, decimals) < LARGE / 10) decimals++;
  while (shifted(size, decimals) >= LARGE) decimals--;
  const short = size < SMALLEST_NORMAL ? subnormal(size, decimals) : normal(size, decimals);
  if (short === undefined) return value;
  return value < 0 ? -short : short;
}

/**
 * Six to nine digits; six also find shorter numbers.
 *
 * @param decimals those of seven digits.
 */
function normal(size: number, decimals: number): number | undefined {
  const six = rounded(size, decimals - 1);
  if (six !== undefined) return six;
  // Most numbers need eight or nine digits. A number that fewer digits express is also one of more digits.
  const eight = rounded(size, decimals + 1);
  return eight === undefined ? rounded(size, decimals + 2) : (rounded(size, decimals) ?? eight);
}

/** One to nine digits, because these have fewer than 24 bits of precision. */
function subnormal(size: number, decimals: number): number | undefined {
  for (let more = -6; more < 3; more++) {
    const short = rounded(size, decimals + more);
    if (short !== undefined) return short;
  }
  return undefined;
}

/**
 * Rounds `size` to `decimals`, to nearest or up; undefined if neither is the same float32. Tries up too, because the
 * range of a power of two extends further upwards.
 */
function rounded(size: number, decimals: number): number | undefined {
  const scaled = shifted(size, decimals);
  const nearest = Math.round(scaled);
  const short = unshifted(nearest, decimals);
  if (Math.fround(short) === size) return short;
  const above = Math.ceil(scaled);
  if (above === nearest) return undefined;
  const larger = unshifted(above, decimals);
  return Math.fround(larger) === size ? larger : undefined;
}

/** The double that `digits` with `decimals` are read as. */
function unshifted(digits: number, decimals: number): number {
  const isExact = decimals >= 0 && decimals <= LAST_EXACT;
  return isExact ? digits / (POWER[decimals] as number) : Number(`${digits}e${-decimals}`);
}

/** Moves the decimal point of `size` to the right by `places`. */
function shifted(size: number, places: number): number {
  return places < 0 ? size / (POWER[-places] as number) : size * (POWER[places] as number);
}
