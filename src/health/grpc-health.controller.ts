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

  /** True when every required model is ready and the server is not shutting down. */
  @GrpcMethod(SERVICE, 'ServerReady')
  serverReady(): { ready: boolean } {
    return { ready: this.readiness.reason === '' };
  }
}
