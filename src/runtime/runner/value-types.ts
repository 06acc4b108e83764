import type { ProtobufField, ProtobufFileReader } from './wire';

/** Fields of TypeProto that are not dense tensors, with advice for an input and an output of each. */
const NOT_TENSORS: Readonly<Record<number, { kind: string; input: string; output: string }>> = {
  4: {
    kind: 'a sequence',
    input: 'use one tensor, and build the sequence in the model with SplitToSequence',
    output: 'concatenate its tensors in the model with ConcatFromSequence',
  },
  5: {
    kind: 'a map',
    input: 'use a tensor of its values',
    output: "return its values as a tensor (for scikit-learn, convert with options={'zipmap': False})",
  },
  7: { kind: 'an opaque value', input: 'use a tensor', output: 'return a tensor' },
  8: {
    kind: 'a sparse tensor',
    input: 'use a dense tensor',
    output: 'convert it to a dense tensor in the model',
  },
  9: {
    kind: 'an optional value',
    input: 'use the tensor itself',
    output: 'return the tensor itself, with OptionalGetElement',
  },
};

/**
 * Values of TensorProto.DataType that ONNX Runtime for Node does not support, and a type that holds all their values
 * and that Cast supports, also on the CPU; undefined if there is none.
 */
const UNSUPPORTED_ELEMENTS: Readonly<Record<number, { type: string; cast?: string }>> = {
  14: { type: 'COMPLEX64' },
  15: { type: 'COMPLEX128' },
  16: { type: 'BFLOAT16', cast: 'FLOAT' },
  17: { type: 'FLOAT8E4M3FN', cast: 'FLOAT' },
  18: { type: 'FLOAT8E4M3FNUZ', cast: 'FLOAT' },
  19: { type: 'FLOAT8E5M2', cast: 'FLOAT' },
  20: { type: 'FLOAT8E5M2FNUZ', cast: 'FLOAT' },
  21: { type: 'UINT4', cast: 'UINT8' },
  22: { type: 'INT4', cast: 'INT8' },
  23: { type: 'FLOAT4E2M1' },
  24: { type: 'FLOAT8E8M0', cast: 'FLOAT' },
  25: { type: 'UINT2', cast: 'UINT8' },
  26: { type: 'INT2', cast: 'INT8' },
};

/** Why the input or output `value`, a ValueInfoProto, cannot be served, with advice; undefined if it can. */
export function unservable(
  reader: ProtobufFileReader,
  value: ProtobufField,
  kind: 'input' | 'output',
): string | undefined {
  const type = reader.last(value, 2);
  const fault = type && faultOf(reader, type, kind);
  if (fault === undefined) return undefined;
  return `${kind} '${reader.textIn(value, 1)}' ${fault}`;
}

function faultOf(
  reader: ProtobufFileReader,
  type: ProtobufField,
  kind: 'input' | 'output',
): string | undefined {
  for (const field of reader.fields(type)) {
    const other = NOT_TENSORS[isSequenceOfMaps(reader, field) ? 5 : field.number];
    if (other !== undefined) {
      const what = isSequenceOfMaps(reader, field) ? 'a sequence of maps' : other.kind;
      return `is ${what}, not a tensor; ${other[kind]}`;
    }
    const element = field.number === 1 ? UNSUPPORTED_ELEMENTS[reader.last(field, 1)?.value ?? 0] : undefined;
    if (element !== undefined)
      return `has the element type ${element.type}, which is not supported; ${remedyOf(element, kind)}`;
  }
  return undefined;
}

function isSequenceOfMaps(reader: ProtobufFileReader, { number, ...field }: ProtobufField): boolean {
  const inner = number === 4 ? reader.last({ number, ...field }, 1) : undefined;
  return inner !== undefined && reader.last(inner, 5) !== undefined;
}

function remedyOf({ type, cast }: { type: string; cast?: string }, kind: 'input' | 'output'): string {
  if (type.startsWith('COMPLEX')) {
    const parts = `the real and imaginary parts as two ${type === 'COMPLEX64' ? 'FLOAT' : 'DOUBLE'} tensors`;
    return `${kind === 'input' ? 'use' : 'return'} ${parts}`;
  }
  if (cast === undefined) return 'export it as FLOAT';
  return kind === 'output'
    ? `cast it to ${cast} in the model (Cast)`
    : `use ${cast}, and cast it to ${type} in the model (Cast)`;
}
