import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { NexusError } from '../common/nexus-error';
import { VERSION } from '../common/version';
import { Config } from '../config/config';
import { ModelRegistry } from '../models/registry/model-registry';
import { extensionsOf } from '../inference/extensions';
import { metadataOf } from '../models/report/model-metadata';

const SERVICE = 'GRPCInferenceService';

/** Names a model and, optionally, a version. */
interface ModelRequest {
  readonly name?: string;
  readonly version?: string;
}

/** Metadata and readiness over gRPC. */
@Controller()
export class GrpcDiscoveryController {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly config: Config,
  ) {}

  /** Returns the name and version of the server, and the protocol extensions it supports. */
  @GrpcMethod(SERVICE, 'ServerMetadata')
  serverMetadata() {
    return { name: 'nexus', version: VERSION, extensions: extensionsOf(this.config) };
  }

  /** Returns the inputs and outputs of the given version, or of the newest ready one. */
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

  /** Returns whether the given version, or any version, is ready. An unknown model or version is an error. */
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
