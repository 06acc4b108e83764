import { bytesElements, splitElements } from '../fixtures/binary.ts';
import type { Datatype } from '../fixtures/datatypes.ts';

/** An element as a case writes it. Bytes stand for BYTES that are no text. */
export type Element = boolean | number | bigint | string | Uint8Array;

/** A tensor in the protocol's binary form: little-endian, row-major; of BYTES each element after its length. */
export interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

/** The size of an element, and how it is written to and read from its bytes. */
interface Codec {
  readonly size: number;
  write(view: DataView, at: number, element: Element): void;
  read(view: DataView, at: number): Element;
}

/** Makes a tensor of elements given flat. */
export function tensor(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  elements: readonly Element[],
): Tensor {
  return { name, datatype, shape, bytes: toBytes(datatype, elements) };
}

/** The same tensor under another name. */
export function renamed({ datatype, shape, bytes }: Tensor, name: string): Tensor {
  return { name, datatype, shape, bytes };
}

/** The binary form of elements. */
export function toBytes(datatype: string, elements: readonly Element[]): Buffer {
  if (datatype === 'BYTES') return bytesElements(elements as readonly (string | Uint8Array)[]);
  const elementCodec = codecOf(datatype);
  const bytes = Buffer.alloc(elements.length * elementCodec.size);
  elements.forEach((element, index) => elementCodec.write(viewOf(bytes), index * elementCodec.size, element));
  return bytes;
}

/** The elements of a binary form. Those of BYTES are Buffers. */
export function toElements(datatype: string, bytes: Buffer): Element[] {
  if (datatype === 'BYTES') return splitElements(bytes);
  const elementCodec = codecOf(datatype);
  return Array.from({ length: bytes.length / elementCodec.size }, (_, index) =>
    elementCodec.read(viewOf(bytes), index * elementCodec.size),
  );
}

const CODECS: Readonly<Record<string, Codec>> = {
  BOOL: {
    size: 1,
    write: (view, at, element) => view.setUint8(at, Number(element)),
    read: (view, at) => view.getUint8(at) !== 0,
  },
  UINT8: codec(1, 'Uint8'),
  UINT16: codec(2, 'Uint16'),
  UINT32: codec(4, 'Uint32'),
  UINT64: bigCodec('BigUint64'),
  INT8: codec(1, 'Int8'),
  INT16: codec(2, 'Int16'),
  INT32: codec(4, 'Int32'),
  INT64: bigCodec('BigInt64'),
  FP16: codec(2, 'Float16'),
  FP32: codec(4, 'Float32'),
  FP64: codec(8, 'Float64'),
};

type NumberKind =
  'Uint8' | 'Uint16' | 'Uint32' | 'Int8' | 'Int16' | 'Int32' | 'Float16' | 'Float32' | 'Float64';

/** Float16 came to DataView with Node 24, after the compiler's library of ES2024. */
type NumberView = Record<`get${NumberKind}`, (at: number, little: true) => number> &
  Record<`set${NumberKind}`, (at: number, value: number, little: true) => void>;

function codec(size: number, kind: NumberKind): Codec {
  return {
    size,
    write: (view, at, element) => (view as unknown as NumberView)[`set${kind}`](at, Number(element), true),
    read: (view, at) => (view as unknown as NumberView)[`get${kind}`](at, true),
  };
}

function bigCodec(kind: 'BigInt64' | 'BigUint64'): Codec {
  return {
    size: 8,
    write: (view, at, element) => view[`set${kind}`](at, BigInt(element as bigint | string), true),
    read: (view, at) => view[`get${kind}`](at, true),
  };
}

function codecOf(datatype: string): Codec {
  const found = CODECS[datatype];
  if (!found) throw new Error(`the answer has a tensor of datatype ${datatype}, which the protocol lacks`);
  return found;
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
