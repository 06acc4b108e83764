import { Writer } from 'protobufjs/minimal';
import { bufferOf } from '../../common/buffer-of';
import { quote } from '../../common/quote';
import { MessageParts } from '../../open-inference/message-parts';
import { readTyped } from '../../open-inference/typed-contents';
import { DELIMITED, VARINT, type MessageErrors } from '../../open-inference/wire-reader';
import { MAX_DIMENSIONS, isDatatype, type Datatype, type Tensor } from '../../tensor/tensor';
import type { RemoteModel, TensorRequest } from '../connection';
import { checkedModel, type DescribedTensor } from '../model-check';
import { TargetFailure } from '../target-failure';

/*
 * Messages of the Open Inference Protocol V2, written and read without objects of a Protocol Buffers library, which would
 * copy tensors. Field numbers are those of inference.proto.
 */

/** Elements of this size in bytes that must be converted one by one take a few milliseconds. */
const MAX_CONVERTED = 1024 * 1024;

const ANSWER_ERRORS: MessageErrors = {
  rawField: 'raw_output_contents',
  malformed: () => garbage('expected a message of the Open Inference Protocol, got something else'),
  tooManyParts: (limit) => garbage(`the response has more than ${limit} outputs, dimensions and raw entries`),
  invalid: garbage,
};

/** A ModelReadyRequest or ModelMetadataRequest, whose fields are the same. */
export function encodeModel(model: string, version: string | undefined): Buffer {
  const writer = Writer.create().uint32(delimited(1)).string(model);
  if (version !== undefined) writer.uint32(delimited(2)).string(version);
  return bufferOf(writer.finish());
}

/** A ModelInferRequest with raw contents. */
export function encodeInfer(
  model: string,
  version: string | undefined,
  { inputs, outputs, priority }: TensorRequest,
): Buffer {
  const writer = Writer.create().uint32(delimited(1)).string(model);
  if (version !== undefined) writer.uint32(delimited(2)).string(version);
  if (priority !== 0) {
    writer.uint32(delimited(4)).fork().uint32(delimited(1)).string('priority');
    writer.uint32(delimited(2)).fork().uint32(varint(2)).int64(priority).ldelim().ldelim();
  }
  for (const { name, datatype, shape } of inputs) {
    writer.uint32(delimited(5)).fork().uint32(delimited(1)).string(name);
    writer.uint32(delimited(2)).string(datatype).uint32(delimited(3)).fork();
    for (const size of shape) writer.int64(size);
    writer.ldelim().ldelim();
  }
  for (const name of outputs) writer.uint32(delimited(6)).fork().uint32(delimited(1)).string(name).ldelim();
  for (const { data } of inputs) writer.uint32(delimited(7)).bytes(data);
  return bufferOf(writer.finish());
}

/** Whether a ModelReadyResponse or ServerReadyResponse says ready. @throws TargetFailure `garbage` if it is malformed. */
export function decodeReady(bytes: Buffer): boolean {
  const reader = new MessageParts(ANSWER_ERRORS).reader(bytes);
  let isReady = false;
  while (reader.next()) if (reader.field === 1 && reader.type === VARINT) isReady = reader.integer() !== 0;
  return isReady;
}

/** The model that a ModelMetadataResponse describes. @throws TargetFailure `garbage` if it is not valid. */
export function decodeMetadata(bytes: Buffer): RemoteModel {
  const parts = new MessageParts(ANSWER_ERRORS);
  const reader = parts.reader(bytes);
  const inputs: DescribedTensor[] = [];
  const outputs: DescribedTensor[] = [];
  let platform = '';
  while (reader.next()) {
    if (reader.field === 3) platform = reader.text();
    else if (reader.field === 4) inputs.push(readTensor(reader.view(), parts));
    else if (reader.field === 5) outputs.push(readTensor(reader.view(), parts));
  }
  return checkedModel(platform, inputs, outputs);
}

/**
 * The outputs of a ModelInferResponse, raw or typed. Raw ones are views of `bytes`.
 * @throws TargetFailure `garbage` if it is malformed, or the elements of an output do not match its shape.
 */
export function decodeInfer(bytes: Buffer): readonly Tensor[] {
  const parts = new MessageParts(ANSWER_ERRORS);
  const reader = parts.reader(bytes);
  const outputs: FoundTensor[] = [];
  const raw: Buffer[] = [];
  while (reader.next()) {
    if (reader.field === 5) outputs.push(readTensor(reader.view(), parts));
    else if (reader.field === 6) raw.push(parts.add(reader.view()));
  }
  if (raw.length > 0 && raw.length !== outputs.length)
    throw garbage(`expected ${outputs.length} raw_output_contents, one per output, got ${raw.length}`);
  return outputs.map((output, index) => {
    const head = { name: output.name, shape: output.shape, datatype: datatypeOf(output) };
    const data =
      raw.length > 0 ? raw[index]! : typedData(output, head.datatype, `outputs[${index}].contents`);
    return { ...head, data };
  });
}

/** An output of a response, not validated. */
interface FoundTensor extends DescribedTensor {
  /** The bytes of InferTensorContents, which can come in several parts. */
  readonly contents: readonly Buffer[];
}

/** TensorMetadata and InferOutputTensor have the same fields, but TensorMetadata has no contents. */
function readTensor(bytes: Buffer, parts: MessageParts): FoundTensor {
  const reader = parts.reader(parts.add(bytes));
  const shape: number[] = [];
  const contents: Buffer[] = [];
  let [name, datatype] = ['', ''];
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) datatype = reader.text();
    else if (reader.field === 3) parts.dimensions(reader, shape);
    else if (reader.field === 5) contents.push(parts.add(reader.view()));
  }
  return { name, datatype, shape, contents };
}

function datatypeOf({ name, datatype }: FoundTensor): Datatype {
  if (isDatatype(datatype)) return datatype;
  throw garbage(`output ${quote(name)}: the datatype ${quote(datatype)} is not supported`);
}

function typedData({ name, shape, contents }: FoundTensor, datatype: Datatype, path: string): Uint8Array {
  if (shape.length > MAX_DIMENSIONS)
    throw garbage(
      `output ${quote(name)}: expected at most ${MAX_DIMENSIONS} dimensions, got ${shape.length}`,
    );
  let size = 0;
  for (const part of contents) size += part.length;
  if (size > MAX_CONVERTED && !datatype.startsWith('FP'))
    throw garbage(
      `${path}: expected at most ${MAX_CONVERTED} bytes of ${datatype}, got ${size}; the target must send larger outputs in raw_output_contents`,
    );
  return readTyped(contents, { name, datatype, shape }, path, true, ANSWER_ERRORS);
}

function delimited(field: number): number {
  return (field << 3) | DELIMITED;
}

function varint(field: number): number {
  return (field << 3) | VARINT;
}

function garbage(message: string): TargetFailure {
  return new TargetFailure('garbage', message);
}
