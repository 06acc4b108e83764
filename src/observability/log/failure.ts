import type { NexusError } from '../../common/nexus-error';

/** Maximum length of a message, path or name in the log, in characters. */
const MAX_LENGTH = 300;

/** A request that was rejected or failed. */
export interface Failure {
  readonly error: Pick<NexusError, 'kind' | 'code' | 'message'>;
  /** The client that the request counts against; see Caller.id. */
  readonly caller: string;
  /** Why its credentials were refused, if they were. */
  readonly refusal?: { readonly reason: string; readonly key?: string | undefined } | undefined;
  /** As the client sent it, without the query string. */
  readonly path: string;
  /** The model and version that the request names, if any. */
  readonly model?: string | undefined;
  readonly version?: string | undefined;
}

/** The log fields of `failure`. Text is truncated, and no tensor data that the client sent is included. */
export function failureFields({ error, caller, refusal, path, model, version }: Failure) {
  return {
    model: model && truncated(model),
    version: version && truncated(version),
    code: error.code,
    message: truncated(withoutContents(error)),
    caller,
    key: refusal?.key,
    reason: refusal?.reason,
    path: truncated(path),
  };
}

/** `text`, which a client sent, short enough for the log. */
export function truncated(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}...` : text;
}

/** Text after `got` that Nexus wrote itself and that quotes nothing from the request. */
const KIND = /^(?:an? [a-z ]+(?: of \d+)?|nothing|none|neither|both|the end)(?:;|$)/;

/** A message that expects a count or a shape, and the count or shape that it got. */
const SIZE_EXPECTED = /expected (?:shape \[|\d+ )/;
const SIZE = /^(?:\d+|\[[-\d,]*\])(?:;|$| )/;

/**
 * The message of `error` without tensor elements: validation errors quote what they got, and ONNX Runtime quotes
 * elements that it rejects. Tensor names, shapes and counts stay.
 */
function withoutContents({ kind, code, message }: Failure['error']): string {
  if (kind !== 'invalid') return message;
  if (code === 'execution_failed') return withoutNumbers(message);
  const [expected, ...rest] = message.split('got ');
  const got = rest.join('got ');
  const isHarmless = rest.length === 0 || KIND.test(got) || (SIZE_EXPECTED.test(expected!) && SIZE.test(got));
  return isHarmless ? message : `${expected}got ...`;
}

/** `message` without quoted text and bare numbers. Numbers in brackets are shapes and stay. */
function withoutNumbers(message: string): string {
  return message.replace(
    /"[^"]*"|([[{][-\d,]*[\]}])|(?<![\w./])[-+]?\d[\w.+-]*/g,
    (_, shape?: string) => shape ?? '...',
  );
}
