import type { Datatype } from '../../tensor/tensor';

/** The protocol datatype of an ONNX Runtime element type, and its typed array; strings have none. */
interface ElementType {
  readonly datatype: Datatype;
  readonly view?: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => ArrayBufferView;
}

/** Supported element types, by their ONNX Runtime name. BFLOAT16 and the 4- and 8-bit floats are not supported. */
const ELEMENT_TYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ['bool', { datatype: 'BOOL', view: Uint8Array }],
  ['uint8', { datatype: 'UINT8', view: Uint8Array }],
  ['uint16', { datatype: 'UINT16', view: Uint16Array }],
  ['uint32', { datatype: 'UINT32', view: Uint32Array }],
  ['uint64', { datatype: 'UINT64', view: BigUint64Array }],
  ['int8', { datatype: 'INT8', view: Int8Array }],
  ['int16', { datatype: 'INT16', view: Int16Array }],
  ['int32', { datatype: 'INT32', view: Int32Array }],
  ['int64', { datatype: 'INT64', view: BigInt64Array }],
  ['float16', { datatype: 'FP16', view: Uint16Array }],
  ['float32', { datatype: 'FP32', view: Float32Array }],
  ['float64', { datatype: 'FP64', view: Float64Array }],
  ['string', { datatype: 'BYTES' }],
]);

const TYPE_OF: ReadonlyMap<Datatype, string> = new Map(
  [...ELEMENT_TYPES].map(([type, { datatype }]) => [datatype, type]),
);

/** The protocol datatype of the ONNX Runtime element type `type`; undefined if Nexus does not support it. */
export function datatypeOfElementType(type: string): Datatype | undefined {
  return ELEMENT_TYPES.get(type)?.datatype;
}

/** The ONNX Runtime element type of `datatype`. */
export function elementTypeOf(datatype: Datatype): string {
  return TYPE_OF.get(datatype)!;
}

/** Views `byteLength` bytes at `offset` (a multiple of 8) as elements of `type`; undefined for strings. */
export function viewOf(type: string, buffer: ArrayBufferLike, offset: number, byteLength: number) {
  const view = ELEMENT_TYPES.get(type)?.view as
    (typeof Uint8Array & { BYTES_PER_ELEMENT: number }) | undefined;
  return view && new view(buffer, offset, byteLength / view.BYTES_PER_ELEMENT);
}

/** Converts the `elements` of a tensor of `type`, any but string, to numbers. Half floats are passed as their bits. */
export function numbersOf(type: string, elements: ArrayLike<unknown>): ArrayLike<number | bigint> {
  if (type !== 'float16') return elements as ArrayLike<number>;
  const bits = elements as Uint16Array;
  const view = new DataView(bits.buffer, bits.byteOffset, bits.byteLength);
  return Float32Array.from({ length: bits.length }, (_, index) => view.getFloat16(index * 2, true));
}
