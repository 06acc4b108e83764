import { jsonData } from '../../tensor/json/json-data';
import type { InferenceResult } from '../../inference/request/inference-request';
import type { EncodedResponse } from '../codec/messages';

/** The content of a response of the generate extension. */
export interface GenerateAnswer extends InferenceResult {
  readonly id: string | undefined;
}

/**
 * Encodes a response of the generate extension: each output under its name, as a value if it has one element and as a
 * flat array otherwise.
 */
export function encodeGenerateResponse({ id, model, version, outputs }: GenerateAnswer): EncodedResponse {
  const values = outputs.map((output) => {
    const elements = jsonData(output);
    return [output.name, elements.length === 1 ? elements[0] : elements] as const;
  });
  const json = JSON.stringify({
    ...(id === undefined || id === '' ? {} : { id }),
    model_name: model,
    model_version: version,
    ...Object.fromEntries(values),
  });
  return { json, binary: [] };
}
