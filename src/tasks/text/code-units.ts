const HIGH_SURROGATE = /[\uD800-\uDBFF]/;

/**
 * Returns a function that converts a place in `text` from code points, which the native library counts, to UTF-16 code
 * units, which index strings.
 *
 * @param text well-formed.
 */
export function codeUnits(text: string): (codePoint: number) => number {
  if (!HIGH_SURROGATE.test(text)) return (place) => place;
  const places = new Int32Array(text.length + 1);
  let count = 0;
  for (let unit = 0; unit < text.length; count += 1) {
    unit += text.codePointAt(unit)! > 0xffff ? 2 : 1;
    places[count + 1] = unit;
  }
  return (place) => places[Math.min(place, count)]!;
}
