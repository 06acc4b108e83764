/** Powers of ten, 10^0 to 10^54; a double holds the first ones exactly. */
const POWER = Float64Array.from({ length: 55 }, (_, exponent) => Number(`1e${exponent}`));
const LAST_EXACT = 22;

/** Whole numbers from here on print with all of their digits, however few would do. */
const LARGE = 1e7;
/** From here on they print with an exponent, and the digits count. */
const EXPONENTIAL = 1e21;
/** Float32 below this have fewer than 24 bits. */
const SMALLEST_NORMAL = 2 ** -126;

/**
 * The double that prints in the fewest digits among those that round to the same float32 as `value`: 0.1 for
 * 0.10000000149011612. Nine digits always suffice.
 *
 * @param value a number that a float32 holds exactly.
 */
export function shortestFloat32(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || (size >= LARGE && size < EXPONENTIAL)) return value;
  if (!Number.isFinite(size)) return value;
  let decimals = 0;
  while (shifted(size, decimals) < LARGE / 10) decimals++;
  while (shifted(size, decimals) >= LARGE) decimals--;
  // Six digits find all that are shorter; where there are fewer bits, one may do and find no others.
  for (let more = size < SMALLEST_NORMAL ? -6 : -1; more < 3; more++) {
    const short = rounded(size, decimals + more);
    if (short !== undefined) return value < 0 ? -short : short;
  }
  return value;
}

/** `size` with so many decimals, when that is the same float32; the one above too, for powers of two reach further up than down. */
function rounded(size: number, decimals: number): number | undefined {
  const scaled = shifted(size, decimals);
  for (const digits of [Math.round(scaled), Math.ceil(scaled)]) {
    const isExact = decimals >= 0 && decimals <= LAST_EXACT;
    const short = isExact ? digits / (POWER[decimals] as number) : Number(`${digits}e${-decimals}`);
    if (Math.fround(short) === size) return short;
  }
  return undefined;
}

/** `size` with the decimal point so many places further to the right. */
function shifted(size: number, places: number): number {
  return places < 0 ? size / (POWER[-places] as number) : size * (POWER[places] as number);
}
