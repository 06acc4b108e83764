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

/**
 * The parameter `timeout`, microseconds as a whole number or its digits, in milliseconds; undefined when absent or 0.
 * @throws invalid
 */
export function timeoutMs(parameters: InferParameters): number | undefined {
  const given = parameters.get('timeout');
  if (given === undefined) return undefined;
  const us = typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : given;
  if (us === 0) return undefined;
  if (typeof us === 'number' && Number.isSafeInteger(us) && us > 0) return us / 1000;
  throw errors.invalidInput(
    `parameters.timeout: expected microseconds as a whole number, got ${JSON.stringify(given)}`,
    'parameters.timeout',
  );
}
