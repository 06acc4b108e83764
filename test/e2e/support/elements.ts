/** The bytes of `values`. */
export const raw = (values: ArrayBufferView) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);
/** The elements of a BYTES tensor: the length of each, and its bytes. */
export const strings = (...texts: (string | Buffer)[]) =>
  Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      return [length, Buffer.from(text)];
    }),
  );

/** By datatype: the ONNX name, elements as typed contents, and the bytes that they are. */
export const ELEMENTS: Readonly<
  Record<string, [element: string, contents: object | undefined, bytes: Buffer]>
> = {
  BOOL: ['BOOL', { bool_contents: [true, false] }, Buffer.from([1, 0])],
  UINT8: ['UINT8', { uint_contents: [0, 255] }, raw(Uint8Array.of(0, 255))],
  UINT16: ['UINT16', { uint_contents: [0, 65535] }, raw(Uint16Array.of(0, 65535))],
  UINT32: ['UINT32', { uint_contents: [0, 2 ** 32 - 1] }, raw(Uint32Array.of(0, 2 ** 32 - 1))],
  UINT64: [
    'UINT64',
    { uint64_contents: ['9007199254740993', '18446744073709551615'] },
    raw(BigUint64Array.of(2n ** 53n + 1n, 2n ** 64n - 1n)),
  ],
  INT8: ['INT8', { int_contents: [-128, 127] }, raw(Int8Array.of(-128, 127))],
  INT16: ['INT16', { int_contents: [-32768, 32767] }, raw(Int16Array.of(-32768, 32767))],
  INT32: ['INT32', { int_contents: [-(2 ** 31), 2 ** 31 - 1] }, raw(Int32Array.of(-(2 ** 31), 2 ** 31 - 1))],
  INT64: [
    'INT64',
    { int64_contents: ['-9223372036854775808', '-9007199254740993'] },
    raw(BigInt64Array.of(-(2n ** 63n), -(2n ** 53n) - 1n)),
  ],
  FP16: ['FLOAT16', undefined, raw(Uint16Array.of(0x3c00, 0x7e00))],
  FP32: ['FLOAT', { fp32_contents: [-0, NaN] }, raw(Float32Array.of(-0, NaN))],
  FP64: [
    'DOUBLE',
    { fp64_contents: [Number.MIN_VALUE, -Infinity] },
    raw(Float64Array.of(Number.MIN_VALUE, -Infinity)),
  ],
  BYTES: ['STRING', { bytes_contents: ['', 'dó'].map((text) => Buffer.from(text)) }, strings('', 'dó')],
};
