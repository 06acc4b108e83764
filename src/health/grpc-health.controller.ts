import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { SkipThrottle } from '@nestjs/throttler';
import { Readiness } from './readiness';

const SERVICE = 'GRPCInferenceService';

/** Health as the Open Inference Protocol V2 has it, over gRPC. */
@SkipThrottle()
@Controller()
export class GrpcHealthController {
  constructor(private readonly readiness: Readiness) {}

  /** True as long as the process answers. */
  @GrpcMethod(SERVICE, 'ServerLive')
  serverLive(): { live: boolean } {
    return { live: true };
  }

  /** True once the first loading has ended, a model is ready, every required one is, and no shutdown has begun. */
  @GrpcMethod(SERVICE, 'ServerReady')
  serverReady(): { ready: boolean } {
    return { ready: this.readiness.reason === '' };
  }
}
