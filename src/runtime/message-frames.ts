import { ELEMENT_BYTES, elementCount, type Datatype } from '../tensor/tensor';
import { encodeFrame, MalformedFrame, type Frame } from './frames';
import type {
  FromRunner,
  LoadMessage,
  NamesMessage,
  TensorPlace,
  RanMessage,
  ReleaseMessage,
  ToRunner,
} from './messages';
import { align, endOf, type TensorLayout } from './slab-layout';

/*
 * Messages as frames. Their first number is the kind. Messages of runs, which are frequent, consist of numbers; others are
 * JSON in the body.
 */

const JSON_MESSAGE = 0;
const RUN = 1;
const RAN = 2;

/** Most bytes of tensors in a message. More are in the slab. */
export const MAX_INLINE_BYTES = 1 << 16;

/** Bytes of almost any message with inline tensors. */
export const MESSAGE_BYTES = MAX_INLINE_BYTES + (1 << 12);

/** Datatypes by their number in frames. */
const DATATYPES = Object.keys(ELEMENT_BYTES) as Datatype[];
const NUMBER_OF = new Map(DATATYPES.map((datatype, number) => [datatype, number]));

/** Encodes a message that contains no tensors. */
export function encodeMessage(
  message: LoadMessage | NamesMessage | ReleaseMessage | Exclude<FromRunner, RanMessage>,
): Buffer {
  const json = Buffer.from(JSON.stringify(message));
  return encodeFrame([JSON_MESSAGE, json.length], [json], json.length);
}

/**
 * Encodes a run of `inputs`, which starts at 0.
 * @param isInline whether the message contains the bytes; otherwise they are in the slab.
 * @param space see {@link encodeFrame}.
 */
export function encodeRun(session: number, inputs: TensorLayout, isInline: boolean, space?: Buffer): Buffer {
  return encodeTensors([RUN, session, isInline ? 1 : 0], inputs, isInline, space);
}

/** Encodes the outputs of a run. Parameters as for {@link encodeRun}. */
export function encodeRan(runMs: number, outputs: TensorLayout, isInline: boolean, space?: Buffer): Buffer {
  return encodeTensors([RAN, runMs, isInline ? 1 : 0], outputs, isInline, space);
}

/**
 * Decodes a message to a runner. Inline inputs are a view of the frame.
 * @param namesOf the latest names of a session.
 * @throws MalformedFrame
 */
export function decodeToRunner(
  { numbers, body }: Frame,
  namesOf: (session: number) => NamesMessage | undefined,
): ToRunner {
  if (numbers[0] !== RUN) return decodeJson(numbers, body) as ToRunner;
  const session = numbers[1]!;
  const names = namesOf(session);
  if (names === undefined) throw new MalformedFrame(`session ${session} has no names`);
  const inputs = tensorsOf(numbers, names.inputs, 0);
  const inline = numbers[2] === 1 ? inlineOf(body, inputs) : undefined;
  return { type: 'run', session, inputs, outputs: names.outputs, inline };
}

/**
 * Decodes a message from a runner. Inline outputs are a copy.
 * @param names of the outputs, if it responds to a run.
 * @param start offset of outputs in the slab.
 * @throws MalformedFrame
 */
export function decodeFromRunner(
  { numbers, body }: Frame,
  names: readonly string[],
  start: number,
): FromRunner {
  if (numbers[0] !== RAN) return decodeJson(numbers, body) as FromRunner;
  const isInline = numbers[2] === 1;
  const outputs = tensorsOf(numbers, names, isInline ? 0 : start);
  const inline = isInline ? Buffer.from(inlineOf(body, outputs)) : undefined;
  return { type: 'ran', outputs, inline, runMs: numbers[1]! };
}

function encodeTensors(
  numbers: number[],
  { tensors, chunks, start, end }: TensorLayout,
  isInline: boolean,
  space: Buffer | undefined,
): Buffer {
  for (const { datatype, shape, byteLength } of tensors)
    numbers.push(NUMBER_OF.get(datatype)!, byteLength, shape.length, ...shape);
  return encodeFrame(numbers, isInline ? chunks : [], isInline ? end - start : 0, space);
}

/** Reads tensors, which are laid out from `start`, from the fourth number on. @throws MalformedFrame */
function tensorsOf(numbers: readonly number[], names: readonly string[], start: number): TensorPlace[] {
  let at = 3;
  let offset = start;
  const tensors = names.map((name) => {
    const datatype = DATATYPES[numbers[at]!];
    const byteLength = numbers[at + 1];
    const first = at + 3;
    at = first + (numbers[at + 2] ?? NaN);
    const shape = numbers.slice(first, at);
    if (datatype === undefined || byteLength === undefined || !isSize(datatype, shape, byteLength))
      throw new MalformedFrame(`tensor '${name}': ${datatype} ${shape.join()} in ${byteLength} bytes`);
    const tensor = { name, datatype, shape, offset, byteLength };
    offset = align(offset + byteLength);
    return tensor;
  });
  if (at !== numbers.length) throw new MalformedFrame(`expected ${at} numbers, got ${numbers.length}`);
  return tensors;
}

/** Whether a tensor of `datatype` and `shape` can have `byteLength` bytes. */
function isSize(datatype: Datatype, shape: readonly number[], byteLength: number): boolean {
  const size = ELEMENT_BYTES[datatype];
  return (
    Number.isSafeInteger(byteLength) &&
    byteLength >= 0 &&
    shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0) &&
    (size === 0 || elementCount(shape) * size === byteLength)
  );
}

function inlineOf(body: Buffer, tensors: readonly TensorPlace[]): Buffer {
  const end = endOf(tensors, 0);
  if (end > body.length) throw new MalformedFrame(`tensors of ${end} bytes in ${body.length} bytes`);
  return body.subarray(0, end);
}

function decodeJson(numbers: readonly number[], body: Buffer): unknown {
  const [kind, byteLength] = numbers;
  if (kind !== JSON_MESSAGE) throw new MalformedFrame(`unexpected kind ${kind}`);
  try {
    const message: unknown = JSON.parse(body.toString('utf8', 0, byteLength));
    if (typeof message === 'object' && message !== null && 'type' in message) return message;
  } catch {
    // Not sent by a peer of ours.
  }
  throw new MalformedFrame('expected a JSON object with a type');
}
