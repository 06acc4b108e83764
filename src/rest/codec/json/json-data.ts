import { decodeStrings } from '../../../tensor/elements';
import type { Tensor } from '../../../tensor/tensor';
import { typedView, type AnyTypedArray } from '../../../tensor/typed-arrays';
import { shortestFloat32 } from './shortest-float32';

/** What JSON.stringify writes as the text it was made of: for numbers that it would change otherwise. */
type RawJson = object;

/** An item of `data`, for JSON.stringify. */
export type JsonElement = boolean | number | string | RawJson;

const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => RawJson };

const MINUS_ZERO = rawJSON('-0.0');

/**
 * The elements of `tensor`, flat, as what JSON.stringify writes without loss: integers beyond 2^53 in all their
 * digits, -0 as -0.0 (many readers take -0 for an integer), NaN and infinities as the strings "NaN", "Infinity" and "-Infinity", FP32 in the few digits that
 * make the same float32 again. BYTES are taken as UTF-8.
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

/** As {@link jsonData}. */
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
