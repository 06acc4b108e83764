import { chain } from '../../common/chain';
import { JSON_LENGTH_HEADER } from '../../open-inference/http';
import type { Tensor } from '../../tensor/tensor';
import { Attempt } from '../attempt';
import type { RemoteModel, TensorConnection, TensorRequest } from '../connection';
import type { HttpAnswer, HttpRequest } from '../http/http-message';
import { HttpPool } from '../http/http-pool';
import type { Target, TargetTimeouts } from '../target';
import { TargetFailure } from '../target-failure';
import { deniesReadiness, descriptionOf, extensionsIn } from './v2-description';
import type { V2Description } from './v2-description';
import { V2Json } from './v2-json';
import { binaryJson, plainJson } from './v2-message';
import { V2Reader } from './v2-reader';

/** Maximum size of metadata in bytes. */
const MAX_METADATA = 1024 * 1024;

/**
 * Connects to a target that speaks the Open Inference Protocol V2 over HTTP.
 * @param responseLimit maximum size of a response in bytes.
 */
export function openV2(target: Target, timeouts: TargetTimeouts, responseLimit: number): TensorConnection {
  return new V2Connection(target, timeouts, responseLimit);
}

/** A model as its target describes it, and what reads its responses. */
interface Described {
  readonly description: V2Description;
  readonly reader: V2Reader;
}

class V2Connection implements TensorConnection {
  private readonly pool: HttpPool;
  private readonly json = new V2Json();
  /** Path of the model. */
  private readonly path: string;
  private readonly describingMs: number;
  private described: Described | undefined;
  /** Reads the metadata for all requests that wait for it. */
  private describing: Promise<Described> | undefined;

  constructor(
    target: Target,
    timeouts: TargetTimeouts,
    private readonly responseLimit: number,
  ) {
    const { model, version } = target;
    const suffix = version === undefined ? '' : `/versions/${encodeURIComponent(version)}`;
    this.path = `/v2/models/${encodeURIComponent(model)}${suffix}`;
    this.describingMs = timeouts.connectMs + timeouts.firstByteMs;
    this.pool = new HttpPool(target, timeouts);
  }

  async check(attempt: Attempt): Promise<void> {
    try {
      const { body } = await this.get(`${this.path}/ready`, attempt);
      if (deniesReadiness(body)) throw new TargetFailure('failed', 'the model is not ready');
      if (this.described === undefined) await this.describe(attempt);
    } catch (error) {
      // It may return with another model.
      this.described = undefined;
      throw checkFailure(error as TargetFailure);
    }
  }

  async describe(attempt: Attempt): Promise<RemoteModel> {
    this.described = await this.read(attempt);
    return this.described.description.model;
  }

  async infer(request: TensorRequest, attempt: Attempt): Promise<readonly Tensor[]> {
    const { description, reader } = this.described ?? (await this.whenDescribed(attempt));
    const message = this.encode(request, description, attempt);
    const post = message instanceof Promise ? await message : message;
    const answer = await this.pool.exchange(post, this.responseLimit, attempt);
    return reader.read(answer, request.outputs);
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.close(), this.json.close()]);
  }

  private encode(
    request: TensorRequest,
    { isBinary, hasSchedule }: V2Description,
    { deadline }: Attempt,
  ): HttpRequest | Promise<HttpRequest> {
    const remainingMs = hasSchedule ? deadline - performance.now() : undefined;
    if (!isBinary)
      return chain(this.json.encode(request.inputs), (data) => {
        const json = Buffer.from(plainJson(request, data, remainingMs));
        return this.post(['content-type', 'application/json'], [json]);
      });
    const json = Buffer.from(binaryJson(request, remainingMs));
    const headers = ['content-type', 'application/octet-stream', JSON_LENGTH_HEADER, String(json.length)];
    return this.post(headers, [json, ...request.inputs.map(({ data }) => data)]);
  }

  private post(headers: readonly string[], body: readonly Uint8Array[]): HttpRequest {
    return { method: 'POST', path: `${this.path}/infer`, headers, body };
  }

  private get(path: string, attempt: Attempt): Promise<HttpAnswer> {
    return this.pool.exchange({ method: 'GET', path, headers: [], body: [] }, MAX_METADATA, attempt);
  }

  /** One after the other, because an attempt cancels one exchange. */
  private async read(attempt: Attempt): Promise<Described> {
    const extensions = await this.extensions(attempt);
    const { body } = await this.get(this.path, attempt);
    const description = descriptionOf(body, extensions);
    return { description, reader: new V2Reader(description.model.outputs, this.json) };
  }

  private async extensions(attempt: Attempt): Promise<readonly string[]> {
    try {
      const { body } = await this.get('/v2', attempt);
      return extensionsIn(body);
    } catch (error) {
      const { kind, details } = error as TargetFailure;
      // Servers without metadata of their own have no extensions.
      if (details?.status !== undefined && (kind === 'misconfigured' || kind === 'rejected')) return [];
      throw error;
    }
  }

  private whenDescribed(attempt: Attempt): Promise<Described> {
    this.describing ??= this.describeForAll();
    const { describing } = this;
    return new Promise((resolve, reject) => {
      attempt.onCancel = () => reject(new TargetFailure('broken', 'the request was cancelled'));
      describing.then(resolve, reject);
    });
  }

  private async describeForAll(): Promise<Described> {
    const attempt = new Attempt(performance.now() + this.describingMs);
    const timer = setTimeout(() => attempt.cancel(), this.describingMs).unref();
    try {
      this.described = await this.read(attempt);
      return this.described;
    } finally {
      clearTimeout(timer);
      this.describing = undefined;
    }
  }
}

/** A target that is not ready may say so with any status: Triton with 400. */
function checkFailure(error: TargetFailure): TargetFailure {
  if (error.kind !== 'rejected') return error;
  return new TargetFailure(
    'failed',
    `the model is not ready (status ${error.details.status})`,
    error.details,
  );
}
