import { Metadata, type ServerDuplexStream, type ServerUnaryCall } from '@grpc/grpc-js';
import { type BeforeApplicationShutdown, Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import { RateLimits } from '../rate-limit/rate-limits';
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
      const { answer, summary } = await this.inference.serve(message, call, charge);
      info.inference = summary;
      if (summary.cache !== undefined) call.sendMetadata(cacheMetadata(summary.cache));
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

/** The initial metadata of a response of a model with a cache. */
function cacheMetadata(outcome: string): Metadata {
  const metadata = new Metadata();
  metadata.set(CACHE_HEADER, outcome);
  return metadata;
}
