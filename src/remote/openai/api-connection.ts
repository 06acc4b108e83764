import type { Attempt } from '../attempt';
import type { ApiConnection } from '../connection';
import { explanationFrom } from '../explanation';
import type { ForwardedAnswer, ForwardedRequest } from '../forwarded';
import { singleHeader, type HttpHeaders } from '../http/http-message';
import { HttpPool } from '../http/http-pool';
import type { Target, TargetTimeouts } from '../target';
import { TargetFailure } from '../target-failure';
import { requireModel } from './model-list';

/** Largest list of models that is read, in bytes. */
const MAX_LIST = 4 * 1024 * 1024;

/** Headers of a response that are forwarded. Those of limits and organizations concern the gateway, not its clients. */
const PASSED = ['openai-processing-ms', 'openai-version', 'cache-control'];

/** Longest Content-Type that is forwarded, in characters. */
const MAX_TYPE = 256;

/** Opens the connections to a target that speaks the OpenAI API as they are needed. */
export function openApi(target: Target, timeouts: TargetTimeouts): ApiConnection {
  return new HttpApiConnection(target, new HttpPool(target, timeouts));
}

class HttpApiConnection implements ApiConnection {
  constructor(
    private readonly target: Target,
    private readonly pool: HttpPool,
  ) {}

  async check(attempt: Attempt): Promise<void> {
    const body = await this.list(attempt);
    if (body !== undefined) requireModel(this.target.model, body);
  }

  async forward(request: ForwardedRequest, attempt: Attempt): Promise<ForwardedAnswer> {
    const { path, contentType, headers } = request;
    const sent = Object.entries({ 'content-type': contentType, ...headers }).flat();
    const {
      status,
      headers: received,
      body,
    } = await this.pool
      .stream({ method: 'POST', path, headers: sent, body: request.bodyFor(this.target.model) }, attempt)
      .catch((failure: TargetFailure) => {
        throw isOfRequest(failure) ? refusalOf(failure, path) : failure;
      });
    const length = Number(singleHeader(received, 'content-length') ?? NaN);
    return {
      status,
      contentType: typeOf(received),
      length: Number.isSafeInteger(length) ? length : undefined,
      headers: passedOf(received),
      body,
    };
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  /** The list of the target's models; undefined if it has none. */
  private async list(attempt: Attempt): Promise<Buffer | undefined> {
    try {
      const answer = await this.pool.exchange(
        { method: 'GET', path: '/models', headers: [], body: [] },
        MAX_LIST,
        attempt,
      );
      return answer.body;
    } catch (error) {
      const { kind, details } = error as TargetFailure;
      const { status = 500 } = details;
      // An engine that refuses to list its models, or asks to wait, is there.
      if (status >= 400 && status < 500 && status !== 401 && status !== 403) return undefined;
      if (kind === 'garbage' && status === 200) return undefined;
      throw error;
    }
  }
}

/**
 * Whether a 404 or 501 is about the request: a path that the engine does not serve, a stored response that does not exist, or,
 * for llama.cpp, embeddings and audio that the model does not support. Only a 404 about the model counts against the target,
 * so that no client can make it count.
 */
function isOfRequest({ kind, details: { status, answer } }: TargetFailure): boolean {
  if (status === 501) return true;
  if (kind !== 'misconfigured' || status !== 404) return false;
  return answer?.error['code'] !== 'model_not_found' && answer?.error['param'] !== 'model';
}

function refusalOf({ details }: TargetFailure, path: string): TargetFailure {
  // The message of `answer` contains no secret.
  const message =
    explanationFrom(details.answer?.error.message ?? '', []) ??
    `the server that runs the model does not serve ${path} (status ${details.status}); use another operation`;
  return new TargetFailure('rejected', message, details);
}

function typeOf(headers: HttpHeaders): string {
  const type = singleHeader(headers, 'content-type');
  return type === undefined || type.length > MAX_TYPE ? 'application/json' : type;
}

function passedOf(headers: HttpHeaders): Readonly<Record<string, string>> {
  const passed: Record<string, string> = {};
  for (const name of PASSED) {
    const value = singleHeader(headers, name);
    if (value !== undefined) passed[name] = value;
  }
  return passed;
}
