import { errors } from '../../../common/errors';
import { numberOf, type InferParameter, type InferParameters } from '../messages';

/** Extensions that other servers of the protocol have, with the words for a client that asks for one here. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  shared_memory_region: 'shared memory is not supported; send the tensor in raw_input_contents',
  classification: 'classification is not supported; ask for the output itself and take its largest values',
};

/** @throws invalid when one of `parameters` asks for an extension that Nexus lacks. */
export function requireSupported(parameters: InferParameters | undefined, path: string): void {
  for (const key in parameters) {
    if (!Object.hasOwn(UNSUPPORTED, key)) continue;
    throw errors.invalidInput(`${path}.${key}: ${UNSUPPORTED[key]}`, `${path}.${key}`);
  }
}

/**
 * The parameter `timeout`, microseconds as a whole number or its digits, in milliseconds; undefined when absent or 0.
 * @throws invalid
 */
export function timeoutMs(parameters: InferParameters | undefined): number | undefined {
  const given = parameters?.['timeout'];
  if (given === undefined) return undefined;
  const value = valueOf(given);
  const us = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (us === 0) return undefined;
  if (typeof us === 'number' && Number.isSafeInteger(us) && us > 0) return us / 1000;
  throw errors.invalidInput(
    `parameters.timeout: expected microseconds as a whole number, got ${JSON.stringify(value)}`,
    'parameters.timeout',
  );
}

function valueOf(parameter: InferParameter): string | number | boolean | undefined {
  const { parameter_choice: choice } = parameter;
  const value = choice === undefined ? undefined : parameter[choice];
  return typeof value === 'object' ? numberOf(value) : value;
}
