import { status, type Metadata, type StatusObject } from '@grpc/grpc-js';
import { DETAILS_KEY, retryDelayOf } from '../../common/retry-info';
import { explanationFrom } from '../explanation';
import { MAX_RETRY_AFTER_MS, TargetFailure, type FailureKind } from '../target-failure';

const REJECTED = 'the server that runs the model rejected the request';

/** What each status means. Statuses that are not listed are errors of the target. */
const FAILURES: Readonly<Partial<Record<status, readonly [FailureKind, string]>>> = {
  [status.UNAVAILABLE]: ['broken', 'the connection broke, or the target is not available'],
  [status.CANCELLED]: ['broken', 'the target ended the call'],
  [status.DEADLINE_EXCEEDED]: ['broken', 'the deadline passed before the response was complete'],
  [status.RESOURCE_EXHAUSTED]: ['overloaded', 'the target is overloaded'],
  [status.UNAUTHENTICATED]: [
    'misconfigured',
    'the target does not accept the credentials of the gateway; check api_key, headers and tls',
  ],
  [status.PERMISSION_DENIED]: [
    'misconfigured',
    'the target does not let the gateway use the model; check api_key, headers and tls',
  ],
  [status.NOT_FOUND]: ['misconfigured', 'the target does not have the model; check model and version'],
  [status.UNIMPLEMENTED]: [
    'misconfigured',
    'the target does not implement the Open Inference Protocol over gRPC; check url and protocol',
  ],
  [status.INVALID_ARGUMENT]: ['rejected', REJECTED],
  [status.FAILED_PRECONDITION]: ['rejected', REJECTED],
  [status.OUT_OF_RANGE]: ['rejected', REJECTED],
};

/** How grpc-js begins the details of calls that it did not send. */
const NOT_SENT = /^(?:No connection established|Name resolution failed|Failed to parse DNS|Channel closed)/;

/** What prevents a connection, by the last error in the details of grpc-js. */
const CONNECT_PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'the connection was refused'],
  [/^Name resolution failed|ENOTFOUND|EAI_AGAIN/, 'the host name could not be resolved'],
  [/EHOSTUNREACH|ENETUNREACH/, 'the host is unreachable'],
  [/altnames/, 'the certificate is for another name (set tls.server_name to its name)'],
  [/certificate has expired/, 'the certificate has expired'],
  [/self.signed|issuer|first certificate/, 'the certificate is signed by an unknown authority (set tls.ca)'],
  [/alert|certificate/, 'the TLS handshake failed; check tls'],
  [/SSL|TLS|wrong version/, 'the target does not speak TLS'],
  [/^Channel closed/, 'the connections to the target are closed'],
];

/** How grpc-js begins the details of a message that is larger than allowed, received by a client or a server. */
const TOO_LARGE = /message (?:larger than max|that decompresses to a size larger than)/;

/** Details of grpc-js for a response that is not valid gRPC. The statuses of HTTP are those of a page or a redirect. */
const NOT_GRPC =
  /^(?:Failed to decompress|Received HTTP status code [234]|Received RST_STREAM with code (?:0|1|2 .*Protocol error))/;

/** The codes of such responses. grpc-js maps statuses of HTTP that have a meaning in gRPC to other codes. */
const NOT_GRPC_CODES: readonly status[] = [status.UNKNOWN, status.INTERNAL];

/** Details of UNAVAILABLE for overload: of grpc-js for status 429 of a proxy, and of Triton for a full queue. */
const OVERLOAD = /^Received HTTP status code 429$|Exceeds maximum queue size/;

/** How a call ended that failed. */
interface FailedCall {
  readonly status: StatusObject;
  /** Whether headers of a response have arrived. */
  readonly isAnswered: boolean;
  /** Texts that an explanation must not contain. */
  readonly secrets: readonly string[];
}

/** The failure that the status of a call means, other than OK. */
export function failureOf(call: FailedCall): TargetFailure {
  const { isAnswered } = call;
  const { code, details = '', metadata } = call.status as Partial<StatusObject>;
  if (code === undefined)
    return garbage('the response is compressed in a way that the gateway did not offer');
  const retryAfterMs = metadata && retryAfterOf(metadata);
  if (code === status.UNAVAILABLE && !isAnswered && NOT_SENT.test(details)) return connectFailure(details);
  if (code === status.UNAVAILABLE && (retryAfterMs !== undefined || OVERLOAD.test(details)))
    return overloaded(retryAfterMs);
  if (code === status.RESOURCE_EXHAUSTED) {
    if (TOO_LARGE.test(details)) return tooLarge(isAnswered);
    // A local limit, such as that of HTTP/2 for the size of headers, or a target that closes the call for its load.
    if (details.startsWith('Bandwidth exhausted'))
      return new TargetFailure(
        'broken',
        'the headers of the response are too large, or the target closed the call',
      );
    return overloaded(retryAfterMs);
  }
  if (NOT_GRPC_CODES.includes(code) && NOT_GRPC.test(details))
    return garbage('expected a response in gRPC, got something else');
  const [kind, text] = FAILURES[code] ?? (['failed', 'the target reports an error of its own'] as const);
  if (kind === 'rejected') return new TargetFailure(kind, explanationFrom(details, call.secrets) ?? text);
  return new TargetFailure(kind, text, code === status.DEADLINE_EXCEEDED ? { timedOut: true } : {});
}

function connectFailure(details: string): TargetFailure {
  const problem = CONNECT_PROBLEMS.find(([pattern]) => pattern.test(details))?.[1];
  return new TargetFailure(
    'connect',
    `no connection to the target${problem === undefined ? '' : `: ${problem}`}`,
  );
}

function overloaded(retryAfterMs: number | undefined): TargetFailure {
  return new TargetFailure(
    'overloaded',
    'the target is overloaded',
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}

/** A target that has not answered yet refuses the request. */
function tooLarge(isAnswered: boolean): TargetFailure {
  return isAnswered
    ? garbage('the response is too large')
    : new TargetFailure('rejected', 'the request is too large for the server that runs the model');
}

function garbage(message: string): TargetFailure {
  return new TargetFailure('garbage', message);
}

/** The time that a target asks to wait, in milliseconds: of gRPC's retries, of google.rpc, or of HTTP. */
function retryAfterOf(metadata: Metadata): number | undefined {
  const [pushback] = metadata.get('grpc-retry-pushback-ms');
  const [details] = metadata.get(DETAILS_KEY);
  const [seconds] = metadata.get('retry-after');
  return (
    bounded(Number(pushback)) ??
    bounded(details instanceof Buffer ? retryDelayOf(details) : undefined) ??
    bounded(Number(seconds) * 1000)
  );
}

function bounded(ms: number | undefined): number | undefined {
  return ms !== undefined && ms >= 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : undefined;
}
