import { Module } from '@nestjs/common';
import { ModelControl } from './lifecycle/model-control';
import { Catalogue } from './catalogue';
import { ModelFactory } from './model-factory';
import { ModelRegistry } from './model-registry';
import { OverrideReader } from './overrides/override-reader';
import { DetailsController } from './rest/details.controller';
import { ModelsController } from './rest/models.controller';
import { RepositoryController } from './rest/repository.controller';
import { TraceController } from './rest/trace.controller';
import { VersionsController } from './rest/versions.controller';

/** The models: the registry that loads and holds them, and what is told of them. */
@Module({
  controllers: [
    ModelsController,
    RepositoryController,
    DetailsController,
    VersionsController,
    TraceController,
  ],
  providers: [Catalogue, OverrideReader, ModelFactory, ModelRegistry, ModelControl],
  exports: [ModelRegistry, ModelControl],
})
export class ModelsModule {}
