import type { EncodedResponse } from '../../codec/messages';
import type { V2Response } from '../messages';
import { jsonData } from '../../../tensor/json/json-data';

/**
 * Encodes an inference response: JSON with flat `data`, followed by the bytes of the binary outputs in their order. As in
 * Triton, an output in shared memory has no parameters, because the C++ client interprets any parameters as those of
 * binary data.
 *
 * @param isBinary whether the output of that name is returned as binary data.
 */
export function encodeV2Response(response: V2Response, isBinary: (name: string) => boolean): EncodedResponse {
  const binary: Uint8Array[] = [];
  const outputs = response.outputs.map((tensor) => {
    const { name, datatype, shape, data, slice } = tensor;
    if (slice !== undefined) return { name, datatype, shape };
    if (!isBinary(name)) return { name, datatype, shape, data: jsonData(tensor) };
    if (data.byteLength > 0) binary.push(data);
    return { name, datatype, shape, parameters: { binary_data_size: data.byteLength } };
  });
  const id = response.id === undefined || response.id === '' ? {} : { id: response.id };
  const json = JSON.stringify({
    ...id,
    model_name: response.model,
    model_version: response.version,
    outputs,
  });
  return { json, binary };
}
