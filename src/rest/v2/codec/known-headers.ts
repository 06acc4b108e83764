import { ELEMENT_BYTES, elementCount, type Tensor } from '../../../tensor/tensor';
import type { PlacedTensor } from '../../../inference/shared-memory/memory-slice';
import type { V2Request } from '../messages';
import type { BinaryPart } from './binary-part';

/** Maximum number of cached headers, and their maximum length. */
const MAX_HEADERS = 256;
const MAX_LENGTH = 2048;

const NO_BYTES = new Uint8Array(0);

/** Decoded requests by their JSON, without the bytes of their tensors. */
const known = new Map<string, V2Request>();

/**
 * Returns the request with this JSON and the binary part that `start` opens, if the same JSON was decoded before;
 * otherwise undefined. Clients that send binary tensors repeat the same few headers, and decoding them is most of the
 * work of a small request.
 *
 * @throws invalid if the binary part does not match the JSON.
 */
export function readKnown(json: string, start: () => BinaryPart): V2Request | undefined {
  const request = known.get(json);
  if (request === undefined) return undefined;
  const binary = start();
  const inputs: Tensor[] = [];
  for (const { name, datatype, shape } of request.inputs) {
    const count = elementCount(shape);
    const data = binary.take(count * ELEMENT_BYTES[datatype], datatype, count, `inputs[${inputs.length}]`);
    inputs.push({ name, datatype, shape, data });
  }
  binary.finish();
  const { id, priority, timeoutMs, text, outputs, binaryOutput } = request;
  return { id, priority, timeoutMs, text, inputs, outputs, binaryOutput };
}

/** Caches `request` if its JSON determines the sizes of its tensors, which are `binaryBytes` in total. */
export function remember(json: string, request: V2Request, binaryBytes: number): void {
  // Ids differ with every request and would only evict headers that repeat.
  if (json.length > MAX_LENGTH || request.id !== undefined || !isAllBinary(request.inputs, binaryBytes))
    return;
  const { id, priority, timeoutMs, text, outputs, binaryOutput } = request;
  const inputs = request.inputs.map(({ name, datatype, shape }) => ({
    name,
    datatype,
    shape,
    data: NO_BYTES,
  }));
  if (known.size >= MAX_HEADERS) known.delete(known.keys().next().value!);
  known.set(json, { id, priority, timeoutMs, text, inputs, outputs, binaryOutput });
}

function isAllBinary(inputs: readonly PlacedTensor[], binaryBytes: number): boolean {
  let sum = 0;
  for (const { datatype, data, slice } of inputs) {
    if (datatype === 'BYTES' || slice !== undefined) return false;
    sum += data.byteLength;
  }
  return sum > 0 && sum === binaryBytes;
}
