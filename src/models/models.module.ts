import { Module } from '@nestjs/common';
import { ModelRegistry } from './model-registry';
import { DetailsController } from './rest/details.controller';
import { RepositoryController } from './rest/repository.controller';

/** The models: the registry that loads and holds them, and what is told of them. */
@Module({
  controllers: [RepositoryController, DetailsController],
  providers: [ModelRegistry],
  exports: [ModelRegistry],
})
export class ModelsModule {}
