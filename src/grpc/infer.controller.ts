import { Metadata, type ServerDuplexStream, type ServerUnaryCall } from '@grpc/grpc-js';
import { type BeforeApplicationShutdown, Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import { RateLimits } from '../rate-limit/rate-limits';
import type { Caller } from '../identity/caller';
import type { InferenceSummary } from '../observability/log/request-line';
import { TARGET_HEADER } from '../transport/target-headers';
import { callOf } from '../transport/grpc/grpc-call';
import { CACHE_HEADER } from '../inference/cache/inference-cache';
import { memoryOf } from '../transport/grpc/call-memory';
import { readRequest } from './codec/read-request';
import { GrpcInferService } from './infer.service';
import { InferStream } from './infer-stream';
import type { ModelInferResponse, ModelStreamInferResponse } from './messages';

const SERVICE = 'GRPCInferenceService';

/** Inference of the Open Inference Protocol V2 over gRPC. */
@Controller()
export class GrpcInferController implements BeforeApplicationShutdown {
  private readonly streams = new Set<InferStream>();

  constructor(
    private readonly inference: GrpcInferService,
    private readonly limits: RateLimits,
  ) {}

  /** Runs a model. */
  @GrpcMethod(SERVICE, 'ModelInfer')
  async infer(
    bytes: Buffer,
    metadata: Metadata,
    call: ServerUnaryCall<Buffer, ModelInferResponse>,
  ): Promise<ModelInferResponse> {
    const info = callOf(metadata);
    const charge = memoryOf(metadata).first;
    charge.begin();
    try {
      const message = readRequest(bytes);
      info.requested = { model: message.model_name, version: message.model_version };
      const { answer, summary } = await this.inference.serve(message, call, charge, info.trace);
      info.inference = summary;
      const head = headOf(summary, info.caller);
      if (head !== undefined) call.sendMetadata(head);
      return answer;
    } finally {
      charge.end();
    }
  }

  /** Runs models for a stream of requests. Each request counts against the rate limit of the client. */
  @GrpcStreamCall(SERVICE, 'ModelStreamInfer')
  stream(call: ServerDuplexStream<Buffer, ModelStreamInferResponse>): void {
    const stream = new InferStream(call, this.inference, this.limits, () => this.streams.delete(stream));
    this.streams.add(stream);
  }

  /** Ends the streams, which clients may keep open indefinitely, when their requests are answered. */
  beforeApplicationShutdown(): void {
    for (const stream of this.streams) stream.shutDown();
  }
}

/** The initial metadata of a response; undefined if there is none. */
function headOf({ cache, target }: InferenceSummary, caller: Caller): Metadata | undefined {
  const shown = caller.has('admin') ? target : undefined;
  if (cache === undefined && shown === undefined) return undefined;
  const metadata = new Metadata();
  if (cache !== undefined) metadata.set(CACHE_HEADER, cache);
  if (shown !== undefined) metadata.set(TARGET_HEADER, shown);
  return metadata;
}
