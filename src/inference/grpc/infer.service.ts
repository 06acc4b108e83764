import type { ServerUnaryCall } from '@grpc/grpc-js';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config';
import { callOf } from '../../observability/grpc-call';
import type { InferenceSummary } from '../../observability/request-log';
import type { InferenceRequest } from '../inference-request';
import { InferenceService } from '../inference.service';
import type { Decoded } from './codec/decode-request';
import { Decoder } from './codec/decoder';
import { encodeResponse } from './codec/encode-response';
import type { ModelInferRequest, ModelInferResponse } from './messages';

/** The call that a request came with: alone, or in a stream. */
type Call = Pick<ServerUnaryCall<unknown, unknown>, 'cancelled' | 'getDeadline' | 'metadata'>;

/** Serves the inference requests of gRPC. */
@Injectable()
export class GrpcInferService {
  constructor(
    private readonly inference: InferenceService,
    private readonly config: Config,
    private readonly decoder: Decoder,
  ) {}

  /** Answers `message`, and tells for the log what became of it. Rejects with a NexusError. */
  async serve(
    message: ModelInferRequest,
    call: Call,
  ): Promise<{ answer: ModelInferResponse; summary: InferenceSummary }> {
    const { model_name: model, model_version: asked, id } = message;
    const served = await this.inference.serve(model, asked === '' ? undefined : asked, {
      decode: () => {
        const decoding = this.decoder.decode(message);
        return decoding instanceof Promise
          ? decoding.then((decoded) => this.requestOf(decoded, call))
          : this.requestOf(decoding, call);
      },
      encode: (result) => encodeResponse(result, id),
      requestId: callOf(call.metadata).requestId,
    });
    const { answer, version, rows, queueMs, runMs } = served;
    return { answer, summary: { model, version, outcome: 'success', rows, queueMs, runMs } };
  }

  private requestOf(decoded: Decoded, call: Call): InferenceRequest {
    const deadline = this.deadlineOf(call, decoded.timeoutMs);
    return { ...decoded, deadline, abandoned: () => call.cancelled };
  }

  /** The earlier one of the call's deadline and the parameter `timeout`; without both, the setting's. */
  private deadlineOf(call: Call, timeoutMs = Infinity): number {
    const ofCall = Number(call.getDeadline()) - Date.now();
    const ms = Math.min(ofCall, timeoutMs);
    return performance.now() + (ms === Infinity ? this.config.requestTimeoutMs : ms);
  }
}
