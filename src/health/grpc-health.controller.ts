import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { SkipThrottle } from '@nestjs/throttler';
import { Readiness } from './readiness';

const SERVICE = 'GRPCInferenceService';

/** The health checks of the Open Inference Protocol V2 over gRPC. */
@SkipThrottle()
@Controller()
export class GrpcHealthController {
  constructor(private readonly readiness: Readiness) {}

  /** True as long as the process responds. */
  @GrpcMethod(SERVICE, 'ServerLive')
  serverLive(): { live: boolean } {
    return { live: true };
  }

  /** True if the initial loading has finished, at least one model and every required model is ready, and no shutdown has begun. */
  @GrpcMethod(SERVICE, 'ServerReady')
  serverReady(): { ready: boolean } {
    return { ready: this.readiness.reason === '' };
  }
}
