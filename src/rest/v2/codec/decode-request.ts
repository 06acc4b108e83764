import { errors } from '../../../common/errors';
import { sliceOf, type PlacedTensor } from '../../../inference/shared-memory/memory-slice';
import type { RequestedOutput, V2Request } from '../../codec/messages';
import { BinaryPart } from './binary-part';
import { readKnown, remember } from './known-headers';
import { readJson, textOf } from '../../codec/json/body';
import { readInput } from './input';
import { asArray, asName, asObject, flag } from '../../codec/fields';
import {
  classCountOf,
  requireOnlyMemory,
  requireUniqueNames,
  schedulePolicyOf,
} from '../../../inference/request/request-parameters';
import { mismatch } from '../../../inference/request/mismatch';
import { readParameters } from '../../codec/parameters';

/**
 * Decodes the body of an inference request: JSON, and the binary tensor data extension behind it. The answer's binary
 * tensors are views of `body`.
 *
 * @param headerLength bytes of JSON before the binary tensors; undefined when all of the body is JSON.
 * @throws invalid for everything that is wrong with it, naming the place, what was expected and what came.
 */
export function decodeRequest(body: Uint8Array, headerLength: number | undefined): V2Request {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const jsonLength = headerLength ?? bytes.length;
  requireHeaderLength(jsonLength, bytes.length);
  const text = textOf(bytes.subarray(0, jsonLength));
  const binary = () => new BinaryPart(bytes, jsonLength, headerLength !== undefined);
  if (headerLength === undefined) return parseRequest(text, binary);
  const known = readKnown(text, binary);
  if (known !== undefined) return known;
  const request = parseRequest(text, binary);
  remember(text, request, bytes.length - jsonLength);
  return request;
}

function parseRequest(text: string, binary: () => BinaryPart): V2Request {
  return readJson(text, (value, exact) => readRequest(value, binary(), exact));
}

function requireHeaderLength(length: number, bodyLength: number): void {
  if (bodyLength === 0) throw errors.invalidInput('the body is empty; expected a JSON object with "inputs"');
  if (!(Number.isSafeInteger(length) && length > 0 && length <= bodyLength)) {
    throw errors.invalidInput(
      `Inference-Header-Content-Length: expected the bytes of JSON, from 1 to ${bodyLength} (the length of the body), got ${length}`,
    );
  }
}

function readRequest(value: unknown, binary: BinaryPart, exact: boolean): V2Request {
  const message = asObject(value, 'the body');
  const parameters = readParameters(message.parameters, 'parameters');
  const inputs: PlacedTensor[] = [];
  for (const input of asArray(message.inputs, 'inputs')) {
    inputs.push(readInput(input, `inputs[${inputs.length}]`, binary, exact));
  }
  requireUniqueNames(inputs, 'inputs');
  binary.finish();
  const { priority, timeoutMs } = schedulePolicyOf(Object.entries(parameters));
  return {
    id: readId(message.id),
    priority,
    timeoutMs,
    inputs,
    outputs: readOutputs(message.outputs),
    binaryOutput: flag(parameters, 'binary_data_output', 'parameters'),
  };
}

/** @throws invalid unless `value` is a string, or absent. */
export function readId(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw mismatch('id', 'a string', value);
  return value;
}

function readOutputs(value: unknown): readonly RequestedOutput[] {
  if (value === undefined || value === null) return [];
  const outputs = asArray(value, 'outputs').map((item, index) => readOutput(item, `outputs[${index}]`));
  requireUniqueNames(outputs, 'outputs');
  return outputs;
}

function readOutput(value: unknown, path: string): RequestedOutput {
  const output = asObject(value, path);
  const parameters = readParameters(output.parameters, `${path}.parameters`);
  const name = asName(output.name, `${path}.name`);
  const binary = flag(parameters, 'binary_data', `${path}.parameters`);
  const classes = classCountOf(parameters['classification'], `${path}.parameters.classification`);
  const slice = sliceOf(parameters, path);
  requireOnlyMemory({ slice, classes }, path, binary);
  return { name, binary, classes, slice };
}
