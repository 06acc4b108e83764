import { Module } from '@nestjs/common';
import { ModelRegistry } from './model-registry';
import { RepositoryController } from './repository.controller';

/** The models: the registry that loads and holds them, and the index of the repository. */
@Module({ controllers: [RepositoryController], providers: [ModelRegistry], exports: [ModelRegistry] })
export class ModelsModule {}
