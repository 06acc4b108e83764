import { decodeStrings } from '../elements';
import type { Tensor } from '../tensor';
import { typedView, type AnyTypedArray } from '../typed-arrays';
import { shortestFloat32 } from './shortest-float32';

/** JSON.stringify writes it verbatim. Used for numbers that JSON.stringify would change. */
type RawJson = object;

/** An item of `data`, for JSON.stringify. */
export type JsonElement = boolean | number | string | RawJson;

const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => RawJson };

const MINUS_ZERO = rawJSON('-0.0');

/**
 * The elements of `tensor` as a flat array that JSON.stringify writes without loss. Integers beyond 2^53 keep all digits.
 * -0 becomes -0.0, because many parsers read -0 as an integer. NaN and infinities become the strings "NaN", "Infinity"
 * and "-Infinity". FP32 has the fewest digits that result in the same float32. BYTES are read as UTF-8.
 */
export function jsonData(tensor: Tensor): readonly JsonElement[] {
  if (tensor.datatype === 'BYTES') return decodeStrings(tensor.data);
  const values: AnyTypedArray = typedView(tensor.data, tensor.datatype);
  if (values instanceof Float32Array || values instanceof Float64Array || values instanceof Float16Array) {
    return jsonFloats(values);
  }
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) return bigIntegers(values);
  return tensor.datatype === 'BOOL' ? Array.from(values, (byte) => byte !== 0) : Array.from(values);
}

/** Like {@link jsonData}. */
export function jsonFloats(values: Float16Array | Float32Array | Float64Array): JsonElement[] {
  const single = values instanceof Float32Array;
  const elements: JsonElement[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value === 0) elements.push(Object.is(value, -0) ? MINUS_ZERO : 0);
    else if (Number.isFinite(value)) elements.push(single ? shortestFloat32(value) : value);
    else elements.push(String(value));
  }
  return elements;
}

function bigIntegers(values: BigInt64Array | BigUint64Array): JsonElement[] {
  const elements: JsonElement[] = [];
  for (const value of values) {
    const number = Number(value);
    elements.push(Number.isSafeInteger(number) ? number : rawJSON(String(value)));
  }
  return elements;
}
