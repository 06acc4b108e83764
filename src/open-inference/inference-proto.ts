import { join } from 'node:path';

/** Path of the gRPC service of the Open Inference Protocol V2, with Triton's extensions. */
export const INFERENCE_PROTO = join(__dirname, 'inference.proto');
