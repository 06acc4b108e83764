import { Injectable } from '@nestjs/common';
import type { Model } from '../model';

/** The models that are served, by name. Only the registry changes them; pipelines find the models of their steps here. */
@Injectable()
export class Catalogue {
  private served: ReadonlyMap<string, Model> = new Map();

  get models(): ReadonlyMap<string, Model> {
    return this.served;
  }

  set models(models: ReadonlyMap<string, Model>) {
    this.served = models;
    this.review();
  }

  /** To be called when the state of a version has changed: that of pipelines may follow from it. */
  review(): void {
    for (const { versions } of this.served.values()) for (const version of versions) version.review();
  }
}
