import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { NexusError } from '../common/errors';
import { VERSION } from '../common/version';
import { Config } from '../config/config';
import { ModelRegistry } from '../models/registry/model-registry';
import { extensionsOf } from '../inference/extensions';
import { metadataOf } from '../models/report/model-metadata';

const SERVICE = 'GRPCInferenceService';

/** A model, and a version of it where one is asked for. */
interface ModelRequest {
  readonly name?: string;
  readonly version?: string;
}

/** What there is, and whether it is ready, over gRPC. */
@Controller()
export class GrpcDiscoveryController {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly config: Config,
  ) {}

  /** Name and version of the server, and the extensions of the protocol it speaks. */
  @GrpcMethod(SERVICE, 'ServerMetadata')
  serverMetadata() {
    return { name: 'nexus', version: VERSION, extensions: extensionsOf(this.config) };
  }

  /** Inputs and outputs of the version asked for, or of the newest that is ready. */
  @GrpcMethod(SERVICE, 'ModelMetadata')
  async modelMetadata({ name = '', version = '' }: ModelRequest) {
    if (version !== '') return metadataOf(await this.registry.describe(name, version), [version]);
    const newest = await this.registry.describe(name);
    const ready = this.registry.get(name).versions.filter(({ state }) => state === 'READY');
    return metadataOf(
      newest,
      ready.map((found) => found.version),
    );
  }

  /** Whether the version asked for, or any version, is ready; a model or version that is unknown is an error. */
  @GrpcMethod(SERVICE, 'ModelReady')
  modelReady({ name = '', version = '' }: ModelRequest): { ready: boolean } {
    try {
      this.registry.find(name, version === '' ? undefined : version);
      return { ready: true };
    } catch (error) {
      if (error instanceof NexusError && error.kind === 'unavailable') return { ready: false };
      throw error;
    }
  }
}
