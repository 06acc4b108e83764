import { errors } from '../../../common/errors';
import { takesPictures, type Signature } from '../../../models/signature';
import { ELEMENT_BYTES, type Datatype } from '../../../tensor/tensor';
import { LENGTH_BYTES, requireBooleans, requireText, writeElement } from '../../../tensor/elements';
import { flatShape } from '../../codec/flat-shape';
import type { V2Request } from '../messages';

/** How to send inputs that a raw request cannot contain. */
const ADVICE = 'send JSON before the binary data, and its length in Inference-Header-Content-Length';

/**
 * Decodes a raw binary request of the binary tensor data extension. Its body contains only the bytes of the only input of
 * a model, one row if the model batches. All outputs are returned as binary data.
 *
 * @throws NexusError invalid_input if the model has several inputs, or the shape cannot be inferred from the bytes.
 */
export function decodeRawRequest(body: Buffer, signature: Signature): V2Request {
  const { inputs, batches } = signature;
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    throw invalid(`the model takes ${inputs.length} inputs, but only one can be sent without JSON`);
  const { name, datatype } = input;
  const isText = datatype === 'BYTES';
  if (datatype === 'BOOL') requireBooleans(body, name);
  if (isText && !takesPictures(signature)) requireText(body, 0, body.length, name, () => `input '${name}'`);
  const row = input.shape.map((size, axis) => (batches && axis === 0 ? 1 : size));
  const shape = flatShape(input, row, isText ? 1 : elements(body, datatype), invalid);
  const tensor = { name, datatype, shape, data: isText ? elementOf(body) : body };
  return {
    id: undefined,
    priority: 0,
    timeoutMs: undefined,
    inputs: [tensor],
    outputs: [],
    binaryOutput: true,
  };
}

function elements({ byteLength }: Uint8Array, datatype: Datatype): number {
  const count = byteLength / ELEMENT_BYTES[datatype];
  if (Number.isInteger(count)) return count;
  throw invalid(`expected ${datatype} elements of ${ELEMENT_BYTES[datatype]} bytes, got ${byteLength} bytes`);
}

function elementOf(text: Buffer): Buffer {
  const data = Buffer.allocUnsafeSlow(LENGTH_BYTES + text.length);
  writeElement(data, 0, text, 0, text.length);
  return data;
}

function invalid(reason: string) {
  return errors.invalidInput(`cannot decode a request without JSON: ${reason}; ${ADVICE}`);
}
