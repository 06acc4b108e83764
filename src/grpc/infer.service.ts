import type { ServerUnaryCall } from '@grpc/grpc-js';
import { Injectable } from '@nestjs/common';
import { chain } from '../common/chain';
import type { Charge } from '../common/memory-in-flight';
import type { Trace } from '../common/trace';
import { Config } from '../config/config';
import { SESSION_HEADER, sessionFrom } from '../transport/target-headers';
import { callOf } from '../transport/grpc/grpc-call';
import type { InferenceRequest } from '../inference/request/inference-request';
import { InferenceService, type Served } from '../inference/inference.service';
import { takesPictures } from '../models/signature';
import type { Decoded } from './codec/decode-request';
import { bytesToUnpack, Decoder } from './codec/decoder';
import { encodeInferResponse } from './codec/encode-response';
import type { ModelInferRequest, ModelInferResponse } from './messages';

/** A packed integer of one byte decodes to an element of up to eight bytes. */
const LARGEST_ELEMENT = 8;

/** The unary or streaming call of a request. */
type Call = Pick<ServerUnaryCall<unknown, unknown>, 'cancelled' | 'getDeadline' | 'metadata'>;

/** Serves inference requests over gRPC. */
@Injectable()
export class GrpcInferService {
  constructor(
    private readonly inference: InferenceService,
    private readonly config: Config,
    private readonly decoder: Decoder,
  ) {}

  /**
   * Serves `message`, whose bytes are charged to `memory` and whose steps are recorded in `trace`. Returns the response and a
   * summary for the log. Rejects with a NexusError.
   */
  serve(
    message: ModelInferRequest,
    call: Call,
    memory: Charge,
    trace: Trace | undefined,
  ): Promise<Served<ModelInferResponse>> {
    const { model_name: model, model_version: version, id } = message;
    const info = callOf(call.metadata);
    return this.inference.serve(model, version === '' ? undefined : version, {
      deadline: () => this.deadlineOf(call),
      decode: (signature) => {
        memory.add(bytesToUnpack(message) * LARGEST_ELEMENT);
        return chain(this.decoder.decode(message, takesPictures(signature)), (decoded) =>
          this.requestOf(decoded, call),
        );
      },
      encode: (result) => encodeInferResponse(result, id),
      memory,
      requestId: info.requestId,
      caller: info.caller,
      trace,
      limited: (standings) => (info.standings = [...info.standings, ...standings]),
    });
  }

  private requestOf(decoded: Decoded, call: Call): InferenceRequest {
    const deadline = this.deadlineOf(call, decoded.timeoutMs);
    const session = sessionFrom(call.metadata.get(SESSION_HEADER)[0]);
    return { ...decoded, session, deadline, abandoned: () => call.cancelled };
  }

  /** The earlier of the call's deadline and the parameter `timeout`; without both, NEXUS_REQUEST_TIMEOUT_MS. */
  private deadlineOf(call: Call, timeoutMs = Infinity): number {
    const ofCall = Number(call.getDeadline()) - Date.now();
    const ms = Math.min(ofCall, timeoutMs);
    return performance.now() + (ms === Infinity ? this.config.requestTimeoutMs : ms);
  }
}
