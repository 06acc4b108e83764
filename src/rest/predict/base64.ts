import { isUtf8 } from 'node:buffer';
import type { Row } from '../../tensor/json/rows';
import { mismatch } from '../../common/mismatch';

/** Base64 with the alphabet of RFC 4648, section 4, padded. */
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;

/** Whether `value` is `{"b64": ...}`, the JSON form of bytes in TensorFlow Serving. */
export function isBase64Object(value: unknown): value is { readonly b64: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length === 1 &&
    Object.hasOwn(value, 'b64')
  );
}

/** Replaces every `{"b64": ...}` in `row`, whose items are pictures, by its base64, which models of pictures decode. */
export function withPictures(row: Row): Row {
  return row.some(isBase64Object) ? row.map((item) => (isBase64Object(item) ? item.b64 : item)) : row;
}

/**
 * Replaces every `{"b64": ...}` in `row` by its text.
 * @throws invalid unless it is base64 of UTF-8 without NUL, because strings of models cannot hold anything else.
 */
export function withText(row: Row, where: (item: number) => string): Row {
  if (!row.some(isBase64Object)) return row;
  return row.map((item, index) =>
    isBase64Object(item) ? textOfBase64(item.b64, `${where(index)}.b64`) : item,
  );
}

function textOfBase64(value: unknown, path: string): string {
  if (typeof value === 'string' && BASE64.test(value)) {
    const bytes = Buffer.from(value, 'base64');
    if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString();
  }
  throw mismatch(path, 'base64 of text in UTF-8 without NUL bytes', value);
}
