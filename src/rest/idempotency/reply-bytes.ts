import type { EncodedResponse } from '../codec/messages';

/** Size of `response`, in bytes. */
export function replyBytes({ json, binary }: EncodedResponse): number {
  return Buffer.byteLength(json) + binary.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Encodes `response`: the length of its JSON as little-endian uint32, the JSON, and the binary tensors. */
export function encodeReply({ json, binary }: EncodedResponse): Buffer {
  const text = Buffer.from(json as string);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.byteLength);
  return Buffer.concat([length, text, ...binary]);
}

/** Decodes a response, as views of `bytes`; undefined if they are malformed, because others may write to the store. */
export function decodeReply(bytes: Buffer): EncodedResponse | undefined {
  if (bytes.byteLength < 4) return undefined;
  const end = 4 + bytes.readUInt32LE();
  if (end > bytes.byteLength) return undefined;
  const json = bytes.subarray(4, end);
  return { json, binary: end === bytes.byteLength ? [] : [bytes.subarray(end)] };
}

/** A copy of `response` in one piece of memory. */
export function packed(response: EncodedResponse): EncodedResponse {
  return decodeReply(encodeReply(response))!;
}
