const BYTE_ORDER_MARK = 0xfeff;

/** Removes the byte order mark that some Windows editors and tools prepend (RFC 8259, section 8.1). */
export function withoutByteOrderMark(json: string): string {
  return json.charCodeAt(0) === BYTE_ORDER_MARK ? json.slice(1) : json;
}
