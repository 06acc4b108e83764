const BYTE_ORDER_MARK = 0xfeff;

/** `json` without the byte order mark that editors and tools of Windows put before it (RFC 8259, section 8.1). */
export function withoutByteOrderMark(json: string): string {
  return json.charCodeAt(0) === BYTE_ORDER_MARK ? json.slice(1) : json;
}
