import type { TextOptions } from '../../tasks/text/text-options';
import type { ParameterValue } from './parameters';
import { mismatch } from '../../common/mismatch';
import { errors } from '../../common/errors';
import { quote } from '../../common/quote';
import type { OutputRequest } from './inference-request';

/** What the parameters of a request set. */
export interface RequestOptions {
  /** 1 is the highest, 0 the default of the model. */
  readonly priority: number;
  /** Maximum time to the response, in milliseconds; undefined if the request does not set it. */
  readonly timeoutMs: number | undefined;
  /** What the request sets for its texts; undefined if nothing. */
  readonly text?: TextOptions | undefined;
}

/** The accepted values of the sequence extension's parameters: the request is not part of a sequence. */
const ALONE: Readonly<Record<string, readonly ParameterValue[]>> = {
  sequence_id: [0, ''],
  sequence_start: [false],
  sequence_end: [false],
};

/** Prefix of names that the protocol reserves. */
const RESERVED = 'triton_';

/**
 * The reserved parameter that clients send. It requests an empty final response from models with a variable number of
 * responses. Models in Nexus send one.
 */
const EMPTY_FINAL = 'triton_enable_empty_final_response';

/** Reads each parameter for texts. */
const TEXT_OPTIONS: Readonly<Record<string, (value: ParameterValue, path: string) => TextOptions>> = {
  prompt_name(value, path) {
    if (typeof value !== 'string') throw mismatch(path, 'the name of a prompt of the model', value);
    return { prompt: value };
  },
  truncate(value, path) {
    if (typeof value !== 'boolean') throw mismatch(path, 'true or false', value);
    return { truncate: value };
  },
  truncation_direction(value, path) {
    const side = String(value).toLowerCase();
    if (side !== 'left' && side !== 'right') throw mismatch(path, 'left or right', value);
    return { truncationSide: side };
  },
};

/**
 * Reads the parameters of a request for scheduling and for texts, and validates the parameters of the schedule policy,
 * sequence and parameters extensions. All other parameters are for the model and are ignored, because an ONNX model
 * accepts only tensors.
 *
 * @param pathOf returns the path of a parameter in the request.
 * @throws NexusError invalid_input if a value is not valid, or makes the request part of a sequence.
 */
export function requestOptionsOf(
  parameters: Iterable<readonly [name: string, value: ParameterValue]>,
  pathOf = (name: string) => `parameters.${name}`,
): RequestOptions {
  let priority = 0;
  let timeoutMs: number | undefined;
  let text: TextOptions | undefined;
  for (const [name, value] of parameters) {
    if (name === 'priority') priority = wholeNumber(value, pathOf(name), 'a priority');
    else if (name === 'timeout') timeoutMs = wholeNumber(value, pathOf(name), 'microseconds') / 1000;
    else if (Object.hasOwn(ALONE, name)) requireAlone(name, value, pathOf(name));
    else if (Object.hasOwn(TEXT_OPTIONS, name))
      text = { ...text, ...TEXT_OPTIONS[name]!(value, pathOf(name)) };
    else if (name.startsWith(RESERVED)) requireKnown(name, value, pathOf(name));
  }
  const policy = { priority, timeoutMs: timeoutMs === 0 ? undefined : timeoutMs };
  return text === undefined ? policy : { ...policy, text };
}

function wholeNumber(value: ParameterValue, path: string, meaning: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 64) return value;
  throw mismatch(path, `${meaning} as a whole number, 0 or more`, value);
}

/** Rejects sequences. Other servers ignore them and serve each request independently. */
function requireAlone(name: string, value: ParameterValue, path: string): void {
  const allowed = ALONE[name]!;
  if (allowed.includes(value)) return;
  const shown = allowed.map((one) => JSON.stringify(one)).join(' or ');
  throw mismatch(path, `${shown} or no value, because models keep no state between requests`, value);
}

function requireKnown(name: string, value: ParameterValue, path: string): void {
  if (name !== EMPTY_FINAL) {
    throw mismatch(path, `no parameter that starts with ${RESERVED}, except ${EMPTY_FINAL}`, value);
  }
  if (typeof value !== 'boolean') throw mismatch(path, 'true or false', value);
}

/** Maximum number of classes to return for an output. */
const MAX_CLASSES = 1000;

/** @throws NexusError invalid_input if an output in shared memory also requests classification or binary data. */
export function requireOnlyMemory(
  { slice, classes }: Pick<OutputRequest, 'slice' | 'classes'>,
  path: string,
  binary = false,
): void {
  if (slice === undefined || (classes === undefined && !binary)) return;
  throw errors.invalidInput(
    `${path}.parameters: expected no ${binary ? 'binary_data: true' : 'classification'} together with shared_memory_region, which receives the bytes of the output itself`,
    path,
  );
}

/**
 * Requires unique names.
 * @param key path of the name in each item, for the error.
 * @throws NexusError invalid_input
 */
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
        `${path}[${index}]${key}: expected unique names, got ${quote(name)} again, which is already ${path}[${first}]`,
        `${path}[${index}]${key}`,
      );
    }
    seen.set(name, index);
  }
}

/**
 * The parameter `classification`, the number of classes to return; undefined if it is absent.
 * @throws NexusError invalid_input
 */
export function classCountOf(value: unknown, path: string): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_CLASSES)
    return value as number;
  throw errors.invalidInput(
    `${path}: expected the number of classes, a whole number from 1 to ${MAX_CLASSES}, got ${JSON.stringify(value)}`,
    path,
  );
}
