import type { ParameterValue } from '../../rest/codec/messages';
import { mismatch } from './mismatch';

/** What a request says of when it is to be served. */
export interface SchedulePolicy {
  /** 1 is the highest, 0 the default of the model. */
  readonly priority: number;
  /** Milliseconds after which the answer is of no use; undefined when the request does not say. */
  readonly timeoutMs: number | undefined;
}

/** What the parameters of the sequence extension may say: that the request stands alone. */
const ALONE: Readonly<Record<string, readonly ParameterValue[]>> = {
  sequence_id: [0, ''],
  sequence_start: [false],
  sequence_end: [false],
};

/** Names that begin so are kept for the protocol. */
const RESERVED = 'triton_';

/** The reserved name that clients send. It asks for an empty answer after the last one of a model that gives any number of them; models here give one. */
const EMPTY_FINAL = 'triton_enable_empty_final_response';

/**
 * Checks the parameters of a request that have a meaning by themselves, and reads those that say when it is served:
 * the schedule policy, sequence and parameters extensions. All others are for the model, and an ONNX model takes
 * tensors only.
 *
 * @param pathOf where a parameter stands in the request, by its name.
 * @throws invalid when a value is not one that the name takes, or means that requests belong together.
 */
export function schedulePolicyOf(
  parameters: Iterable<readonly [name: string, value: ParameterValue]>,
  pathOf = (name: string) => `parameters.${name}`,
): SchedulePolicy {
  let priority = 0;
  let timeoutMs: number | undefined;
  for (const [name, value] of parameters) {
    if (name === 'priority') priority = wholeNumber(value, pathOf(name), 'a priority');
    else if (name === 'timeout') timeoutMs = wholeNumber(value, pathOf(name), 'microseconds') / 1000;
    else if (Object.hasOwn(ALONE, name)) requireAlone(name, value, pathOf(name));
    else if (name.startsWith(RESERVED)) requireKnown(name, value, pathOf(name));
  }
  return { priority, timeoutMs: timeoutMs === 0 ? undefined : timeoutMs };
}

function wholeNumber(value: ParameterValue, path: string, meaning: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 64) return value;
  throw mismatch(path, `${meaning} as a whole number, 0 or more`, value);
}

/** Other servers ignore a sequence that they cannot keep, and answer as if the request were the only one. */
function requireAlone(name: string, value: ParameterValue, path: string): void {
  const allowed = ALONE[name]!;
  if (allowed.includes(value)) return;
  const shown = allowed.map((one) => JSON.stringify(one)).join(' or ');
  throw mismatch(path, `${shown} or nothing, since models here keep no state between requests`, value);
}

function requireKnown(name: string, value: ParameterValue, path: string): void {
  if (name !== EMPTY_FINAL) {
    throw mismatch(path, `no parameter whose name begins with ${RESERVED}, apart from ${EMPTY_FINAL}`, value);
  }
  if (typeof value !== 'boolean') throw mismatch(path, 'true or false', value);
}
