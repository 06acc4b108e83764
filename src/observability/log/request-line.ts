import { failureFields, truncated, type Failure } from './failure';
import { quoted } from './log-form';
import type { RequestOutcome } from '../metrics/model-metrics';
import type { CacheUse } from '../../common/run-times';
import type { Trace } from '../../common/trace';

/** The additional log fields of an inference request; times in milliseconds. */
export interface InferenceSummary {
  readonly model: string;
  readonly version: string;
  readonly outcome: RequestOutcome;
  readonly rows: number;
  readonly queueMs: number;
  readonly runMs: number;
  /** Absent if responses are not cached. */
  readonly cache?: CacheUse['outcome'] | undefined;
  /** The server that ran the model, if another server did. */
  readonly target?: string | undefined;
  /** Tokens of the prompt and of the response, if it was forwarded to an engine. */
  readonly tokensIn?: number | undefined;
  readonly tokensOut?: number | undefined;
}

/** The request that a log line describes. */
interface AnsweredRequest {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number | string;
  readonly ms: number;
  /** Absent before it is known. Only one that has authenticated is written. */
  readonly caller?: { readonly id: string; readonly key: string | undefined } | undefined;
  readonly inference: InferenceSummary | undefined;
  /** Share of such lines that is written, if it succeeded. Omitted from the line if it is 1. */
  readonly sample?: number;
  /** Absent when it succeeded. */
  readonly failure?: Failure | undefined;
  /** Its ids are written if it is sampled. */
  readonly trace: Trace | undefined;
}

/** The members of the log line of a request, for every protocol. */
export function requestLine(answered: AnsweredRequest): string {
  const { requestId, method, route, status, ms, caller, inference, sample = 1, failure, trace } = answered;
  let line = `"requestId":${quoted(requestId)},"method":${repeated(method)},"route":${repeated(route)},"status":${typeof status === 'number' ? status : repeated(status)},"ms":${microseconds(ms)}`;
  if (trace?.isSampled === true) line += `,"trace_id":"${trace.traceId}","span_id":"${trace.spanId}"`;
  // A failure names its caller.
  if (failure !== undefined) return line + failureMembers(inference, failure);
  if (sample !== 1) line += `,"sample":${sample}`;
  if (caller?.key !== undefined) line += `,"caller":${quoted(caller.id)}`;
  return inference === undefined ? line : line + inferenceMembers(inference);
}

function inferenceMembers(inference: InferenceSummary): string {
  const { model, version, outcome, rows, queueMs, runMs, cache, target, tokensIn, tokensOut } = inference;
  let line = `,"model":${repeated(model)},"version":${repeated(version)},"outcome":"${outcome}","rows":${rows},"queueMs":${microseconds(queueMs)},"runMs":${microseconds(runMs)}`;
  if (cache !== undefined) line += `,"cache":"${cache}"`;
  if (target !== undefined) line += `,"target":${repeated(target)}`;
  if (tokensIn !== undefined) line += `,"tokensIn":${tokensIn}`;
  if (tokensOut !== undefined) line += `,"tokensOut":${tokensOut}`;
  return line;
}

/** The fields of a failure override those of its inference. */
function failureMembers(inference: InferenceSummary | undefined, failure: Failure): string {
  const fields = failureFields(failure);
  if (inference === undefined) return members(fields);
  const { model = inference.model, version = inference.version, ...others } = fields;
  return inferenceMembers({ ...inference, model, version }) + members(others);
}

/** An operation that changes the server, or an attempt at one. */
interface AuditedRequest {
  readonly requestId: string;
  /** Who: the client, and its address. */
  readonly caller: string;
  readonly address: string;
  /** What: method and path for HTTP, the method for gRPC. */
  readonly operation: string;
  /** The model that it names, if any. */
  readonly model: string | undefined;
  readonly status: number | string;
  /** undefined if it succeeded. */
  readonly error: Failure['error'] | undefined;
}

/** The members of an audit line: who did what, from where, and how it ended. */
export function auditLine({ operation, model, error, ...request }: AuditedRequest): string {
  const fields = {
    ...request,
    operation: truncated(operation),
    model: model && truncated(model),
    outcome: error === undefined ? 'success' : error.code,
  };
  return members(fields).slice(1);
}

/** `fields` as members of JSON, each after a comma. */
function members(fields: Readonly<Record<string, string | number | undefined>>): string {
  let text = '';
  for (const name in fields) {
    const value = fields[name];
    if (value !== undefined) text += `,"${name}":${typeof value === 'number' ? value : quoted(value)}`;
  }
  return text;
}

/** Maximum number of quoted texts to remember, and maximum length of one: a client may send any gRPC method. */
const MAX_REMEMBERED = 1000;
const MAX_LENGTH = 300;

const remembered = new Map<string, string>();

/** {@link quoted}, for text that most lines repeat. */
function repeated(text: string): string {
  let known = remembered.get(text);
  if (known !== undefined) return known;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  known = quoted(text);
  if (text.length <= MAX_LENGTH) remembered.set(text, known);
  return known;
}

/** Decimals of whole thousandths. Converting an integer to text is several times faster than a fraction. */
const THOUSANDTHS = Array.from({ length: 1000 }, (_, index) =>
  index === 0 ? '' : `.${String(index).padStart(3, '0').replace(/0+$/, '')}`,
);

/** `ms` milliseconds as JSON, rounded to whole microseconds. */
function microseconds(ms: number): string {
  const us = Math.round(ms * 1000);
  if (!(us >= 0 && us < 2 ** 31)) return String(us / 1000);
  const thousandths = us % 1000;
  return `${(us - thousandths) / 1000}${THOUSANDTHS[thousandths]!}`;
}
