import type { NexusError } from '../../common/errors';

/** Most characters of a message, a path or a name in the log. */
const LONGEST = 300;

/** A request that was refused or has failed. */
export interface Failure {
  readonly error: Pick<NexusError, 'kind' | 'code' | 'message'>;
  /** Whom the request is counted for; see callerOf. */
  readonly caller: string;
  /** As the caller wrote it, without its query. */
  readonly path: string;
  /** The model and version that the request names, if any. */
  readonly model?: string | undefined;
  readonly version?: string | undefined;
}

/** What the log tells of `failure`: all text is bounded, and nothing of the tensors that the caller sent is in it. */
export function failureFields({ error, caller, path, model, version }: Failure) {
  return {
    model: model && bounded(model),
    version: version && bounded(version),
    code: error.code,
    message: bounded(withoutContents(error)),
    caller,
    path: bounded(path),
  };
}

function bounded(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}

/** What came where something else was expected: words that no caller has written. */
const KIND = /^(?:an? [a-z ]+(?: of \d+)?|nothing|none|neither|both|the end)(?:;|$)/;

/** A count or a shape that came, behind what says that one was expected. */
const SIZE_EXPECTED = /expected (?:shape \[|\d+ )/;
const SIZE = /^(?:\d+|\[[-\d,]*\])(?:;|$| )/;

/**
 * The message of `error` without elements of tensors: a caller's mistake is told with what came, and ONNX Runtime names
 * elements that it cannot take. Names of tensors, shapes and counts stay.
 */
function withoutContents({ kind, code, message }: Failure['error']): string {
  if (kind !== 'invalid') return message;
  if (code === 'execution_failed') return withoutNumbers(message);
  const [expected, ...rest] = message.split('got ');
  const came = rest.join('got ');
  const isHarmless =
    rest.length === 0 || KIND.test(came) || (SIZE_EXPECTED.test(expected!) && SIZE.test(came));
  return isHarmless ? message : `${expected}got ...`;
}

/** `message` without quoted text and numbers that stand alone; in brackets they are shapes. */
function withoutNumbers(message: string): string {
  return message.replace(
    /"[^"]*"|([[{][-\d,]*[\]}])|(?<![\w./])[-+]?\d[\w.+-]*/g,
    (_, shape?: string) => shape ?? '...',
  );
}
