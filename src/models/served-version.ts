import { errors } from '../common/errors';
import type { NexusError } from '../common/nexus-error';
import type { ModelMetrics } from '../observability/metrics/model-metrics';
import type { VersionState } from './model';
import { ReferenceCount } from './reference-count';
import type { VersionOptions } from './version-options';

/** What the versions of all kinds of models have in common; see Servable. */
export abstract class ServedVersion {
  readonly references = new ReferenceCount();
  protected readonly unload = new AbortController();

  abstract readonly options: VersionOptions;
  abstract readonly state: VersionState;
  abstract readonly reason: string;
  abstract stop(): Promise<void>;

  get name(): string {
    return this.options.model;
  }

  get version(): string {
    return this.options.version;
  }

  get metrics(): ModelMetrics {
    return this.options.metrics;
  }

  get unloading(): AbortSignal {
    return this.unload.signal;
  }

  enter(): void {
    this.references.acquire();
  }

  leave(): void {
    this.references.release();
  }

  async retire(): Promise<void> {
    await this.references.unused();
    await this.stop();
  }

  notReady(): NexusError {
    return errors.modelNotReady(this.name, this.version, this.state, this.reason);
  }
}
