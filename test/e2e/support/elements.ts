import { bytesElements, bytesOf } from '../../fixtures/binary';
import type { Datatype } from '../../fixtures/datatypes';

/** By datatype: two elements as typed contents of gRPC, which has none for FP16, and the bytes that they are. */
export const ELEMENTS: Readonly<Record<Datatype, [contents: object | undefined, bytes: Buffer]>> = {
  BOOL: [{ bool_contents: [true, false] }, Buffer.from([1, 0])],
  UINT8: [{ uint_contents: [0, 255] }, bytesOf(Uint8Array.of(0, 255))],
  UINT16: [{ uint_contents: [0, 65535] }, bytesOf(Uint16Array.of(0, 65535))],
  UINT32: [{ uint_contents: [0, 2 ** 32 - 1] }, bytesOf(Uint32Array.of(0, 2 ** 32 - 1))],
  UINT64: [
    { uint64_contents: ['9007199254740993', '18446744073709551615'] },
    bytesOf(BigUint64Array.of(2n ** 53n + 1n, 2n ** 64n - 1n)),
  ],
  INT8: [{ int_contents: [-128, 127] }, bytesOf(Int8Array.of(-128, 127))],
  INT16: [{ int_contents: [-32768, 32767] }, bytesOf(Int16Array.of(-32768, 32767))],
  INT32: [{ int_contents: [-(2 ** 31), 2 ** 31 - 1] }, bytesOf(Int32Array.of(-(2 ** 31), 2 ** 31 - 1))],
  INT64: [
    { int64_contents: ['-9223372036854775808', '-9007199254740993'] },
    bytesOf(BigInt64Array.of(-(2n ** 63n), -(2n ** 53n) - 1n)),
  ],
  FP16: [undefined, bytesOf(Uint16Array.of(0x3c00, 0x7e00))],
  FP32: [{ fp32_contents: [-0, NaN] }, bytesOf(Float32Array.of(-0, NaN))],
  FP64: [
    { fp64_contents: [Number.MIN_VALUE, -Infinity] },
    bytesOf(Float64Array.of(Number.MIN_VALUE, -Infinity)),
  ],
  BYTES: [{ bytes_contents: ['', 'dó'].map((text) => Buffer.from(text)) }, bytesElements(['', 'dó'])],
};
