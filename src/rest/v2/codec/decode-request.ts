import { errors } from '../../../common/errors';
import { sliceOf, type PlacedTensor } from '../../../inference/shared-memory/memory-slice';
import type { RequestedOutput, V2Request } from '../messages';
import { BinaryPart } from './binary-part';
import { readKnown, remember } from './known-headers';
import { jsonText, readJson, readTensorJson } from '../../../tensor/json/body';
import { readInput } from './input';
import { asArray, asId, asName, asObject, flag } from '../../codec/fields';
import {
  classCountOf,
  requireOnlyMemory,
  requireUniqueNames,
  requestOptionsOf,
} from '../../../inference/request/request-parameters';
import { readParameters } from '../../codec/parameters';

/**
 * Decodes the body of an inference request: JSON, optionally followed by the binary data of the binary tensor data
 * extension. Binary tensors of the result are views of `body`.
 *
 * @param headerLength the length of the JSON before the binary tensors; undefined if the whole body is JSON.
 * @param anyBytes whether BYTES may be other than text, as for pictures.
 * @throws invalid for any mistake in the body; the message contains its place, what was expected and what was received.
 */
export function decodeV2Request(body: Buffer, headerLength: number | undefined, anyBytes = false): V2Request {
  const jsonLength = headerLength ?? body.length;
  requireHeaderLength(jsonLength, body.length);
  const binary = () => new BinaryPart(body, jsonLength, headerLength !== undefined, anyBytes);
  const read = (value: unknown, exact: boolean) => readV2Request(value, binary(), exact);
  if (headerLength === undefined) return readTensorJson(body, read);
  const text = jsonText(body.subarray(0, jsonLength));
  const known = readKnown(text, binary);
  if (known !== undefined) return known;
  const request = readJson(text, read);
  remember(text, request, body.length - jsonLength);
  return request;
}

function requireHeaderLength(length: number, bodyLength: number): void {
  if (bodyLength === 0) throw errors.invalidInput('the body is empty; expected a JSON object with "inputs"');
  if (!(Number.isSafeInteger(length) && length > 0 && length <= bodyLength)) {
    throw errors.invalidInput(
      `Inference-Header-Content-Length: expected the length of the JSON in bytes, from 1 to ${bodyLength} (the length of the body), got ${length}`,
    );
  }
}

function readV2Request(value: unknown, binary: BinaryPart, exact: boolean): V2Request {
  const message = asObject(value, 'the body');
  const parameters = readParameters(message.parameters, 'parameters');
  const inputs: PlacedTensor[] = [];
  for (const input of asArray(message.inputs, 'inputs')) {
    inputs.push(readInput(input, `inputs[${inputs.length}]`, binary, exact));
  }
  requireUniqueNames(inputs, 'inputs');
  binary.finish();
  const { priority, timeoutMs, text } = requestOptionsOf(Object.entries(parameters));
  return {
    id: asId(message.id),
    priority,
    timeoutMs,
    text,
    inputs,
    outputs: readOutputs(message.outputs),
    binaryOutput: flag(parameters, 'binary_data_output', 'parameters'),
  };
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
