import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { ModelsModule } from '../models/models.module';
import { InferenceService } from './inference.service';
import { Codec } from './rest/codec/codec';
import { InferController } from './rest/infer.controller';
import { V2Controller } from './rest/v2.controller';

/** The data plane: inference, and what the protocols that speak it tell of the models. */
@Module({
  imports: [ModelsModule],
  controllers: [InferController, V2Controller],
  providers: [InferenceService, Codec],
})
export class InferenceModule implements OnApplicationShutdown {
  constructor(private readonly codec: Codec) {}

  async onApplicationShutdown(): Promise<void> {
    await this.codec.close();
  }
}
