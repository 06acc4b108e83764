import type { InferenceResult } from '../../inference-request';
import type { ModelInferResponse } from '../messages';

/** The answer for `result`: always raw, which every client reads and which costs nothing to make. */
export function encodeResponse({ model, version, outputs }: InferenceResult, id: string): ModelInferResponse {
  return {
    model_name: model,
    model_version: version,
    id,
    outputs: outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    raw_output_contents: outputs.map(({ data }) => data),
  };
}
