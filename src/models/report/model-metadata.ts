import type { Servable } from '../model';
import { ModelMetadata } from './metadata.schema';

/** Returns the metadata of `found` in the format of the protocol, with `versions` as the list of versions. */
export function metadataOf(found: Servable, versions: string[]): ModelMetadata {
  const { inputs, outputs } = found.signature;
  return {
    name: found.name,
    versions,
    platform: found.platform,
    inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] })),
    outputs: outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] })),
    properties: propertiesOf(found),
  };
}

/** The `properties` of the protocol, which can only be strings. */
function propertiesOf({
  options: { settings },
  signature,
  device,
  maxBatchRows,
  unbatchable,
}: Servable): Record<string, string> {
  const labels = Object.entries(signature.labels);
  return {
    ...(settings.description === undefined ? {} : { description: settings.description.trim() }),
    ...(device === undefined ? {} : { device }),
    max_batch_rows: String(maxBatchRows),
    ...(unbatchable === '' ? {} : { unbatchable }),
    ...Object.fromEntries(labels.map(([output, list]) => [`labels.${output}`, JSON.stringify(list)])),
  };
}
