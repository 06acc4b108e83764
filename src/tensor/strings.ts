/** Decodes BYTES elements (uint32 length, then UTF-8) into strings. */
export function decodeStrings(bytes: Buffer): string[] {
  const strings: string[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const end = offset + 4 + bytes.readUInt32LE(offset);
    strings.push(bytes.toString('utf8', offset + 4, end));
    offset = end;
  }
  return strings;
}

/** Encodes strings as BYTES elements: uint32 length, then UTF-8. */
export function encodeStrings(strings: readonly string[]): Buffer {
  const lengths = strings.map((text) => Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 0));
  let offset = 0;
  strings.forEach((text, index) => {
    offset = bytes.writeUInt32LE(lengths[index]!, offset);
    offset += bytes.write(text, offset);
  });
  return bytes;
}
