import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { Readiness } from './readiness';

const SERVICE = 'GRPCInferenceService';

/** Health of the Open Inference Protocol V2 over gRPC. */
@Controller()
export class GrpcHealthController {
  constructor(private readonly readiness: Readiness) {}

  /** True while the process responds. */
  @GrpcMethod(SERVICE, 'ServerLive')
  serverLive(): { live: boolean } {
    return { live: true };
  }

  /** True if the initial loading has finished, a model and every required model are ready, and no shutdown has begun. */
  @GrpcMethod(SERVICE, 'ServerReady')
  serverReady(): { ready: boolean } {
    return { ready: this.readiness.reason === '' };
  }
}
