/** Returns a Buffer on the memory of `bytes`, without a copy. A Buffer that is passed between threads arrives as a Uint8Array. */
export function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
