import { decoded, jsonOf } from './answer.ts';
import { Http, type CallOptions, type NexusOptions } from './http.ts';
import { inOrder } from './in-order.ts';
import type {
  AnyModel,
  Inference,
  InferOptions,
  InstancesPrediction,
  InstancesRequest,
  ItemPrediction,
  ItemRequest,
  ManyOptions,
  ModelTypes,
  NameIn,
  OutputIn,
  RowsPrediction,
  RowsRequest,
  RunOptions,
  Tensors,
} from './model-types.ts';
import { NexusError } from './nexus-error.ts';
import type { Tensor } from './tensor.ts';
import { decodeInfer, encodeInfer } from './v2.ts';

/** What a model takes and gives, in the words of the protocol. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  readonly properties?: Readonly<Record<string, string>>;
}

/** A tensor of a model; -1 in the shape is any size. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/**
 * A client of a Nexus AI Gateway whose models are `Models`. Every call throws a {@link NexusError} when the gateway refuses
 * or does not answer, after it has tried again where that may help.
 */
export class Nexus<Models extends Record<keyof Models, ModelTypes> = Record<string, AnyModel>> {
  private readonly http: Http;

  constructor(options: NexusOptions) {
    this.http = new Http(options);
  }

  /** Runs a model on values nested as its dimensions are: one item, several, or instances one after another. */
  predict<Name extends NameIn<Models>, Output extends OutputIn<Models, Name> = OutputIn<Models, Name>>(
    model: Name,
    request: ItemRequest<Models[Name], Output>,
    options?: RunOptions,
  ): Promise<ItemPrediction<Models[Name], Output>>;
  predict<Name extends NameIn<Models>, Output extends OutputIn<Models, Name> = OutputIn<Models, Name>>(
    model: Name,
    request: RowsRequest<Models[Name], Output>,
    options?: RunOptions,
  ): Promise<RowsPrediction<Models[Name], Output>>;
  predict<Name extends NameIn<Models>, Output extends OutputIn<Models, Name> = OutputIn<Models, Name>>(
    model: Name,
    request: InstancesRequest<Models[Name], Output>,
    options?: RunOptions,
  ): Promise<InstancesPrediction<Models[Name], Output>>;
  async predict(model: string, request: object, options: RunOptions = {}): Promise<object> {
    const path = `/v1/models/${modelPath(model, options.version)}/predict`;
    const headers = { 'content-type': 'application/json' };
    const message = { method: 'POST', headers, body: JSON.stringify(request) } as const;
    const answer = await this.http.send(path, message, options);
    return { ...decoded(answer, jsonOf), requestId: answer.requestId };
  }

  /**
   * The predictions of `items`, one after another in their order and as they come: each is a request of its own, some of
   * which are under way at a time, and which the gateway runs together.
   */
  predictMany<Name extends NameIn<Models>, Output extends OutputIn<Models, Name> = OutputIn<Models, Name>>(
    model: Name,
    items: Iterable<Models[Name]['inputs']> | AsyncIterable<Models[Name]['inputs']>,
    { concurrency = 8, signal, version, timeoutMs, requestId, ...asked }: ManyOptions<Output> = {},
  ): AsyncGenerator<ItemPrediction<Models[Name], Output>, void, undefined> {
    return inOrder(items, concurrency, (inputs, stop) => {
      const either = signal === undefined ? stop : AbortSignal.any([signal, stop]);
      const options = { signal: either, version, timeoutMs, requestId };
      return this.predict<Name, Output>(model, { inputs, ...asked }, options);
    });
  }

  /** Runs a model on binary tensors, see `tensor`, by the Open Inference Protocol V2: on any server that speaks it. */
  infer<Name extends NameIn<Models>, Output extends OutputIn<Models, Name> = OutputIn<Models, Name>>(
    model: Name,
    inputs: Tensors<Models[Name]['tensors']['inputs']>,
    options?: InferOptions<Output>,
  ): Promise<Inference<Tensors<Pick<Models[Name]['tensors']['outputs'], Output>>>>;
  async infer(
    model: string,
    inputs: object,
    { outputs, ...options }: InferOptions<string> = {},
  ): Promise<object> {
    const message = encodeInfer(inputs as Record<string, Tensor>, outputs, options.requestId);
    const path = `/v2/models/${modelPath(model, options.version)}/infer`;
    const answer = await this.http.send(path, message, options);
    return { ...decoded(answer, decodeInfer), requestId: answer.requestId };
  }

  /** Names of the models, ready or not. */
  async models(options: CallOptions = {}): Promise<string[]> {
    return (await this.get<{ models: string[] }>('/v2/models', options)).models;
  }

  /** What a model takes and gives. */
  model(name: NameIn<Models>, options: RunOptions = {}): Promise<ModelMetadata> {
    return this.get(`/v2/models/${modelPath(name, options.version)}`, options);
  }

  /** Whether the server is ready, or one of its models. Asks once. */
  async ready(model?: NameIn<Models>, options: RunOptions = {}): Promise<boolean> {
    const path = model === undefined ? 'health' : `models/${modelPath(model, options.version)}`;
    try {
      await this.http.send(`/v2/${path}/ready`, {}, options, 0);
      return true;
    } catch (error) {
      // Triton says 400 where others say 503.
      if (error instanceof NexusError && [400, 503].includes(error.status ?? 0)) return false;
      throw error;
    }
  }

  private async get<Value>(path: string, options: CallOptions): Promise<Value> {
    return decoded(await this.http.send(path, {}, options), jsonOf) as Value;
  }
}

function modelPath(model: string, version: string | undefined): string {
  const path = encodeURIComponent(model);
  return version === undefined ? path : `${path}/versions/${encodeURIComponent(version)}`;
}
