import { constants, isUtf8 } from 'node:buffer';
import { errors } from '../../../../common/errors';
import type { Tensor } from '../../../../runtime/tensor';
import type { RequestedOutput, V2Request } from '../messages';
import { BinaryPart } from './binary-part';
import { INEXACT } from './json/elements';
import { readKnown, remember } from './known-headers';
import { parseExactJson } from './json/exact-json';
import { readInput } from './input';
import { asArray, asName, asObject, classCountOf, flag, requireUniqueNames } from './fields';
import { mismatch } from './mismatch';
import { requireLittleStructure } from '../../../../common/json-structure';
import { readParameters } from './parameters';

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
  const text = readText(bytes, jsonLength);
  const binary = () => new BinaryPart(bytes, jsonLength, headerLength !== undefined);
  if (headerLength === undefined) return parseRequest(text, binary);
  const known = readKnown(text, binary);
  if (known !== undefined) return known;
  const request = parseRequest(text, binary);
  remember(text, request, bytes.length - jsonLength);
  return request;
}

function parseRequest(text: string, binary: () => BinaryPart): V2Request {
  try {
    return readRequest(JSON.parse(text), binary(), false);
  } catch (error) {
    if (error !== INEXACT && !(error instanceof SyntaxError)) throw error;
    return readRequest(parseExactJson(text), binary(), true);
  }
}

function requireHeaderLength(length: number, bodyLength: number): void {
  if (bodyLength === 0) throw errors.invalidInput('the body is empty; expected a JSON object with "inputs"');
  if (!(Number.isSafeInteger(length) && length > 0 && length <= bodyLength)) {
    throw errors.invalidInput(
      `Inference-Header-Content-Length: expected the bytes of JSON, from 1 to ${bodyLength} (the length of the body), got ${length}`,
    );
  }
}

function readText(body: Buffer, length: number): string {
  const json = body.subarray(0, length);
  if (length > constants.MAX_STRING_LENGTH) {
    throw errors.invalidInput(
      `the JSON is longer than ${constants.MAX_STRING_LENGTH} bytes; send the tensors as binary data`,
    );
  }
  requireLittleStructure(json);
  const text = json.toString();
  if (text.includes('\ufffd') && !isUtf8(json)) throw errors.invalidInput('the JSON is not valid UTF-8');
  return text;
}

function readRequest(value: unknown, binary: BinaryPart, exact: boolean): V2Request {
  const message = asObject(value, 'the body');
  const parameters = readParameters(message.parameters, 'parameters');
  const inputs: Tensor[] = [];
  for (const input of asArray(message.inputs, 'inputs')) {
    inputs.push(readInput(input, `inputs[${inputs.length}]`, binary, exact));
  }
  requireUniqueNames(inputs, 'inputs');
  binary.finish();
  return {
    id: readId(message.id),
    parameters,
    inputs,
    outputs: readOutputs(message.outputs),
    binaryOutput: flag(parameters, 'binary_data_output', 'parameters'),
  };
}

function readId(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw mismatch('id', 'a string', value);
  return value;
}

function readOutputs(value: unknown): readonly RequestedOutput[] {
  if (value === undefined || value === null) return [];
  const outputs = asArray(value, 'outputs').map((item, index) => {
    const path = `outputs[${index}]`;
    const output = asObject(item, path);
    const parameters = readParameters(output.parameters, `${path}.parameters`);
    return {
      name: asName(output.name, `${path}.name`),
      binary: flag(parameters, 'binary_data', `${path}.parameters`),
      classes: classCountOf(parameters['classification'], `${path}.parameters.classification`),
    };
  });
  requireUniqueNames(outputs, 'outputs');
  return outputs;
}
