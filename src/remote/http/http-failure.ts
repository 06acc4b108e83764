import { type ApiError, apiErrorOf } from '../../common/api-error';
import { explanationFrom } from '../explanation';
import { MAX_RETRY_AFTER_MS, TargetFailure } from '../target-failure';
import type { TargetTimeouts } from '../target';
import { singleHeader, type HttpHeaders } from './http-message';

/** What prevents a connection, by the code of the error. Other codes are reported as they are. */
const CONNECT_PROBLEMS: Readonly<Record<string, string>> = {
  UND_ERR_CLOSED: 'the gateway no longer uses it',
  UND_ERR_DESTROYED: 'the gateway no longer uses it',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset while it was opened',
  ENOTFOUND: 'the host name was not found',
  EAI_AGAIN: 'the host name could not be resolved',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  ETIMEDOUT: 'the host did not respond',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name (set tls.server_name to its name)',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is signed by an unknown authority (set tls.ca)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself (set tls.ca)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by an unknown authority (set tls.ca)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is signed by an unknown authority (set tls.ca)',
};

/** How far a request came before it failed. */
export interface Progress {
  /** Whether a connection was open, so that the target may have received the request. */
  readonly isSent: boolean;
  /** Whether the head of the response has arrived. */
  readonly isAnswered: boolean;
}

/** The failure that an error of the HTTP client means. */
export function failureOfError(error: Error, progress: Progress, timeouts: TargetTimeouts): TargetFailure {
  if (error instanceof TargetFailure) return error;
  const code = codeOf(error);
  switch (code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
      return new TargetFailure('connect', `expected a connection within ${timeouts.connectMs} ms, got none`, {
        timedOut: true,
      });
    case 'UND_ERR_HEADERS_TIMEOUT':
      return timeout(`expected a response within ${timeouts.firstByteMs} ms, got none`);
    case 'UND_ERR_BODY_TIMEOUT':
      return timeout(`expected more of the response within ${timeouts.idleMs} ms, got nothing`);
    case 'UND_ERR_HEADERS_OVERFLOW':
      return garbage('the headers of the response are too large');
    case 'UND_ERR_INVALID_ARG':
      return new TargetFailure(
        'misconfigured',
        'a configured header or the path of the URL is not valid HTTP',
      );
  }
  if (!progress.isSent || isRefusedHandshake(code, progress)) return connectFailure(code);
  // A body that ends before its last chunk, on a connection that does not stay open, is reported as a fault of the syntax.
  if (error.name === 'HTTPParserError' && !error.message.includes('EOF'))
    return garbage('expected a response in HTTP/1.1, got something else');
  if (code === 'UND_ERR_SOCKET' && error.message.startsWith('bad '))
    return garbage('expected a response to a request, got another one');
  return broken();
}

/**
 * The failure that a status of 300 and above means.
 * @param body the body, for the explanation of the target; undefined if it is too large.
 * @param secrets texts that an explanation must not contain.
 */
export function failureOfStatus(
  status: number,
  headers: HttpHeaders,
  body: Buffer | undefined,
  secrets: readonly string[] = [],
): TargetFailure {
  const retryAfterMs = retryAfterOf(headers);
  const waiting = { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  const answer = answerOf(status, body, secrets);
  const details = answer === undefined ? waiting : { ...waiting, answer };
  if (status < 400)
    return new TargetFailure('garbage', `expected no redirect, got status ${status}`, details);
  if (status === 429 || (status === 503 && retryAfterMs !== undefined))
    return new TargetFailure('overloaded', `the target is overloaded (status ${status})`, details);
  if (status >= 500 || status === 408)
    return new TargetFailure('failed', `expected a result, got status ${status}`, details);
  if (status === 401 || status === 403)
    return new TargetFailure(
      'misconfigured',
      `the target does not accept the credentials of the gateway (status ${status}); check api_key, headers and tls`,
      details,
    );
  if (status === 404)
    return new TargetFailure(
      'misconfigured',
      `the target does not have the model or the path (status ${status}); check its url, model and version`,
      details,
    );
  const explanation = body && explanationFrom(messageIn(body) ?? '', secrets);
  return new TargetFailure(
    'rejected',
    explanation ?? `the server that runs the model rejected the request with status ${status}`,
    details,
  );
}

/** The error about the request that a target of the OpenAI API has sent; undefined if it contains a secret. */
function answerOf(
  status: number,
  body: Buffer | undefined,
  secrets: readonly string[],
): ApiError | undefined {
  // Those about credentials contain parts of them.
  const isOther = status < 400 || status > 499 || [401, 403, 408, 429].includes(status);
  if (body === undefined || (isOther && status !== 501)) return undefined;
  const text = body.toString('utf8');
  // Clients must not retry what the engine does not support.
  const shown = status === 501 ? 400 : status;
  return secrets.some((secret) => text.includes(secret)) ? undefined : apiErrorOf(shown, text);
}

function timeout(message: string): TargetFailure {
  return new TargetFailure('broken', message, { timedOut: true });
}

function garbage(message: string): TargetFailure {
  return new TargetFailure('garbage', message);
}

function broken(): TargetFailure {
  return new TargetFailure('broken', 'the connection closed before the response was complete');
}

function connectFailure(code: string): TargetFailure {
  const problem = Object.hasOwn(CONNECT_PROBLEMS, code) ? CONNECT_PROBLEMS[code] : code;
  return new TargetFailure('connect', `no connection to the target: ${problem}`);
}

/** In TLS 1.3 a target refuses the certificate of the client after the client has begun to send. */
function isRefusedHandshake(code: string, { isAnswered }: Progress): boolean {
  return !isAnswered && code.startsWith('ERR_SSL_') && code.includes('ALERT');
}

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : error.name;
}

/** Retry-After in seconds or as a date (RFC 9110, 10.2.3), or `retry-after-ms` of OpenAI, in milliseconds. */
function retryAfterOf(headers: HttpHeaders): number | undefined {
  const ms = waitOf(singleHeader(headers, 'retry-after-ms'), 1);
  if (ms !== undefined) return ms;
  const text = singleHeader(headers, 'retry-after');
  const seconds = waitOf(text, 1000);
  if (seconds !== undefined || text === undefined) return seconds;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : bounded(date - Date.now());
}

function waitOf(text: string | undefined, unit: number): number | undefined {
  return text !== undefined && /^\d+(?:\.\d+)?$/.test(text) ? bounded(Number(text) * unit) : undefined;
}

function bounded(ms: number): number {
  return Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

/**
 * The text of an error: `{"error": "..."}` of V2, `{"error": {"message": "..."}}` of OpenAI, `{"detail": "..."}` of
 * FastAPI, or `{"message": "..."}`. undefined for anything else.
 */
function messageIn(body: Buffer): string | undefined {
  try {
    const message = JSON.parse(body.toString('utf8')) as {
      error?: string | { message?: unknown };
      detail?: unknown;
      message?: unknown;
    } | null;
    const error = message?.error;
    const inner = typeof error === 'object' && error !== null ? error.message : error;
    return [inner, message?.detail, message?.message].find((item) => typeof item === 'string');
  } catch {
    return undefined;
  }
}
