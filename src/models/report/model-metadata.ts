import type { Servable } from '../model';
import { ModelMetadata } from './metadata.schema';

/** What `found` takes and gives, in the words of the protocol; `versions` are those it is told of. */
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

/** The protocol's `properties`: text only. */
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
