import { Metadata } from '@grpc/grpc-js';
import { Bag } from '../../common/bag';
import { quote } from '../../common/quote';
import type { Tensor } from '../../tensor/tensor';
import { checkedOutputs } from '../answer-check';
import type { Attempt } from '../attempt';
import type { RemoteModel, TensorConnection, TensorRequest } from '../connection';
import { secretsOf } from '../explanation';
import type { Target, TargetTimeouts } from '../target';
import { TargetFailure } from '../target-failure';
import { TargetChannel } from './channel';
import { decodeInfer, decodeMetadata, decodeReady, encodeInfer, encodeModel } from './messages';
import { UnaryCall, type CallSettings } from './unary-call';

const SERVICE = '/inference.GRPCInferenceService/';

const NO_FIELDS = Buffer.alloc(0);

/**
 * A connection to a target that speaks the Open Inference Protocol V2 over gRPC.
 * @param responseLimit maximum size of a response in bytes.
 * @throws Error if a configured header is not valid in gRPC.
 */
export function openGrpc(target: Target, timeouts: TargetTimeouts, responseLimit: number): TensorConnection {
  return new GrpcConnection(target, timeouts, responseLimit);
}

class GrpcConnection implements TensorConnection, CallSettings {
  readonly channel: TargetChannel;
  readonly metadata: Metadata;
  readonly secrets: readonly string[];
  private readonly calls = new Bag<UnaryCall>();
  private readonly model: Buffer;
  /** The model as the target last described it. Responses must match it. */
  private described: RemoteModel | undefined;
  private isClosed = false;

  constructor(
    private readonly target: Target,
    readonly timeouts: TargetTimeouts,
    responseLimit: number,
  ) {
    this.channel = new TargetChannel(target, responseLimit);
    this.metadata = metadataOf(target.headers);
    this.secrets = secretsOf(target);
    this.model = encodeModel(target.model, target.version);
  }

  async check(attempt: Attempt): Promise<void> {
    const response = await this.call('ModelReady', this.model, attempt, 'ServerReady');
    if (!decodeReady(response))
      throw new TargetFailure('failed', 'the target reports that the model is not ready');
  }

  async describe(attempt: Attempt): Promise<RemoteModel> {
    const response = await this.call('ModelMetadata', this.model, attempt);
    this.described = decodeMetadata(response);
    return this.described;
  }

  async infer(request: TensorRequest, attempt: Attempt): Promise<readonly Tensor[]> {
    const { outputs } = this.described ?? (await this.describe(attempt));
    const { model, version } = this.target;
    const response = await this.call('ModelInfer', encodeInfer(model, version, request), attempt);
    return checkedOutputs(decodeInfer(response), request.outputs, outputs);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.calls.forEach((call) => call.fail(closed()));
    this.channel.close();
  }

  /** @param otherwise method without fields to call if the target does not implement `method`. */
  private call(method: string, request: Buffer, attempt: Attempt, otherwise?: string): Promise<Buffer> {
    if (this.isClosed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      const call = new UnaryCall(this, SERVICE + method, request, attempt, (failure, response) => {
        this.calls.delete(call);
        if (failure === undefined) resolve(response!);
        else if (otherwise !== undefined && call.isUnimplemented)
          resolve(this.call(otherwise, NO_FIELDS, attempt));
        else reject(failure);
      });
      this.calls.add(call);
    });
  }
}

function closed(): TargetFailure {
  return new TargetFailure('connect', 'the connections to the target are closed');
}

/** The configured headers, which every call sends. Binary metadata is configured in base64, as HTTP/2 sends it. */
function metadataOf(headers: Target['headers']): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) {
    try {
      metadata.set(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
    } catch {
      // The error of grpc-js contains the value.
      throw new Error(`header ${quote(name)} is not valid in gRPC; use printable ASCII characters`);
    }
  }
  return metadata;
}
