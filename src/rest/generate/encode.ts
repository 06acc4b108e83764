import { jsonData } from '../codec/json/json-data';
import type { EncodedResponse, V2Response } from '../codec/messages';

/**
 * Encodes the answer of the generate extension: each output under its name, as its value when it has one element and
 * as a flat array of them otherwise.
 */
export function encodeGenerate({ id, modelName, modelVersion, outputs }: V2Response): EncodedResponse {
  const values = outputs.map((output) => {
    const elements = jsonData(output);
    return [output.name, elements.length === 1 ? elements[0] : elements] as const;
  });
  const json = JSON.stringify({
    ...(id === undefined || id === '' ? {} : { id }),
    model_name: modelName,
    model_version: modelVersion,
    ...Object.fromEntries(values),
  });
  return { json, binary: [] };
}
