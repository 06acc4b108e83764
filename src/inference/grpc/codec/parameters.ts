import { errors } from '../../../common/errors';
import type { InferParameters } from '../messages';

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
