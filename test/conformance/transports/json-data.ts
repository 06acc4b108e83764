import { toBytes, toElements, type Element, type Tensor } from '../tensor.ts';
import { NumberText, raw } from './json.ts';

const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Stands for a bare NaN or infinity until the JSON is written. */
const BARE = '\u0000bare:';

/** The elements of a tensor, flat, as JSON.stringify writes them without loss; {@link bareTokens} finishes its text. */
export function toJsonData({ datatype, bytes }: Tensor): unknown[] {
  return toElements(datatype, bytes).map((element) => {
    if (typeof element === 'bigint') return raw(String(element));
    if (element instanceof Uint8Array) return TEXT.decode(element);
    if (typeof element !== 'number') return element;
    if (Object.is(element, -0)) return raw('-0.0');
    return Number.isFinite(element) ? element : `${BARE}${element}`;
  });
}

/** Turns what {@link toJsonData} left for NaN and infinities into bare tokens, the form clients send. */
export function bareTokens(json: string): string {
  return json.replace(/"\\u0000bare:(-?\w+)"/g, '$1');
}

/** The binary form of `data` in an answer. */
export function fromJsonData(datatype: string, data: readonly unknown[]): Buffer {
  return toBytes(
    datatype,
    data.map((item) => fromItem(datatype, item)),
  );
}

function fromItem(datatype: string, item: unknown): Element {
  if (item instanceof NumberText)
    return datatype.endsWith('64') && !datatype.startsWith('F') ? BigInt(item.text) : Number(item.text);
  if (typeof item === 'string') return datatype === 'BYTES' ? item : Number(item);
  if (typeof item === 'boolean') return item;
  throw new Error(`data in the answer has an element that is ${JSON.stringify(item)}; it must be flat`);
}
