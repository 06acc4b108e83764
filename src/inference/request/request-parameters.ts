import type { ParameterValue } from './parameters';
import { mismatch } from './mismatch';
import { errors } from '../../common/errors';
import { quote } from '../../common/quote';
import type { OutputRequest } from './inference-request';

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

/** Most classes of an output. */
const MAX_CLASSES = 1000;

/** @throws invalid when an output is to be written to shared memory and something else is asked of it. */
export function requireOnlyMemory(
  { slice, classes }: Pick<OutputRequest, 'slice' | 'classes'>,
  path: string,
  binary = false,
): void {
  if (slice === undefined || (classes === undefined && !binary)) return;
  throw errors.invalidInput(
    `${path}.parameters: expected no ${binary ? 'binary_data: true' : 'classification'} beside shared_memory_region, where the bytes of the output itself are written`,
    path,
  );
}

/** @throws invalid when two of `items` have one name, which stands at `key` of each. */
export function requireUniqueNames(
  items: readonly { readonly name: string }[],
  path: string,
  key = '.name',
): void {
  if (items.length < 2) return;
  const seen = new Map<string, number>();
  for (const [index, { name }] of items.entries()) {
    const first = seen.get(name);
    if (first !== undefined) {
      throw errors.invalidInput(
        `${path}[${index}]${key}: expected each name once, got ${quote(name)} again, which is ${path}[${first}] already`,
        `${path}[${index}]${key}`,
      );
    }
    seen.set(name, index);
  }
}

/**
 * How many classes are asked for in the parameter `classification`; undefined when it is absent.
 * @throws NexusError invalid_input
 */
export function classCountOf(value: unknown, path: string): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_CLASSES)
    return value as number;
  throw errors.invalidInput(
    `${path}: expected how many classes, a whole number from 1 to ${MAX_CLASSES}, got ${JSON.stringify(value)}`,
    path,
  );
}
