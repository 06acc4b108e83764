import { errors } from '../../../common/errors';
import type { InferParameters } from '../messages';

/** Extensions that other servers of the protocol have, with the words for a client that asks for one here. */
const UNSUPPORTED = new Map([
  ['shared_memory_region', 'shared memory is not supported; send the tensor in raw_input_contents'],
]);

/** @throws invalid when one of `parameters` asks for an extension that Nexus lacks. */
export function requireSupported(parameters: InferParameters, path: string): void {
  for (const key of parameters.keys()) {
    const reason = UNSUPPORTED.get(key);
    if (reason !== undefined) throw errors.invalidInput(`${path}.${key}: ${reason}`, `${path}.${key}`);
  }
}
