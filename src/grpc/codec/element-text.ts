import { checkText } from '../../rest/codec/v2/binary-part';

/** @throws invalid unless the bytes from `start` to `end`, element `index` of a tensor, are UTF-8 without NUL. */
export function requireText(data: Buffer, start: number, end: number, index: number, path: string): void {
  // There may be millions of elements: for those in ASCII, which are most, no text is made for an error.
  let at = start;
  while (at < end && data[at]! > 0 && data[at]! < 0x80) at++;
  if (at < end) checkText(data, at, end, `${path}, element ${index}`, path);
}
