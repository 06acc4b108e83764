import type { InferenceResult } from '../../inference/request/inference-request';
import { sliceParameters, type MemorySlice } from '../../inference/shared-memory/memory-slice';
import type { ModelInferResponse } from '../messages';

/** Encodes `result` as a response. Outputs are always raw, which every client reads and which needs no conversion. */
export function encodeInferResponse(
  { model, version, outputs }: InferenceResult,
  id: string,
): ModelInferResponse {
  return {
    model_name: model,
    model_version: version,
    id,
    outputs: outputs.map(({ name, datatype, shape, slice }) =>
      slice === undefined
        ? { name, datatype, shape }
        : { name, datatype, shape, parameters: parametersIn(slice) },
    ),
    // Outputs in shared memory have an empty entry, because clients index the entries.
    raw_output_contents: outputs.map(({ data }) => data),
  };
}

function parametersIn(slice: MemorySlice): Record<string, object> {
  const parameters = Object.entries(sliceParameters(slice));
  return Object.fromEntries(
    parameters.map(([key, value]) => [
      key,
      typeof value === 'string' ? { string_param: value } : { int64_param: value },
    ]),
  );
}
