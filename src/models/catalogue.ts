import { Injectable } from '@nestjs/common';
import type { Model } from './model-factory';

/** The models that are served, by name. Only the registry changes it; pipelines find the models of their steps in it. */
@Injectable()
export class Catalogue {
  models: ReadonlyMap<string, Model> = new Map();
}
