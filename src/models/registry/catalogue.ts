import { Injectable } from '@nestjs/common';
import type { Model } from './model-factory';
import { PipelineVersion } from '../pipeline/pipeline-version';

/** The models that are served, by name. Only the registry changes them; pipelines find the models of their steps here. */
@Injectable()
export class Catalogue {
  private served: ReadonlyMap<string, Model> = new Map();
  private pipelines: readonly PipelineVersion[] = [];

  get models(): ReadonlyMap<string, Model> {
    return this.served;
  }

  set models(models: ReadonlyMap<string, Model>) {
    this.served = models;
    const versions = [...models.values()].flatMap((model) => model.versions);
    this.pipelines = versions.filter((version) => version instanceof PipelineVersion);
    this.review();
  }

  /** To be called when the state of a version has changed: that of pipelines may follow from it. */
  review(): void {
    for (const pipeline of this.pipelines) pipeline.review();
  }
}
