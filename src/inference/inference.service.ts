import { Injectable } from '@nestjs/common';
import { ModelRegistry } from '../models/model-registry';
import type { InferenceRequest, InferenceResult } from './inference-request';
import { validateInputs, validateOutputs } from './validation';

/** The data plane, free of any protocol: REST and gRPC translate to it and back. */
@Injectable()
export class InferenceService {
  constructor(private readonly registry: ModelRegistry) {}

  /**
   * Runs one inference: finds the model, checks the tensors against its signature and waits for its scheduler.
   * Rejects with a NexusError: unknown model or version, version not ready, invalid input, full queue, passed
   * deadline, client gone, or failed run.
   */
  async infer(request: InferenceRequest): Promise<InferenceResult> {
    const version = this.registry.find(request.model, request.version);
    const { signature, name } = version;
    const valid = validateInputs(request.inputs, name, signature);
    const { outputs, queueMs, runMs } = await version.run({
      ...valid,
      outputs: validateOutputs(request.outputs, name, signature),
      deadline: request.deadline ?? Infinity,
      ...(request.abandoned === undefined ? {} : { abandoned: request.abandoned }),
    });
    const timing = { rows: valid.rows, queueMs, runMs };
    return { model: name, version: version.version, outputs, timing };
  }
}
