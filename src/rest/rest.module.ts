import { Module } from '@nestjs/common';
import { InferenceModule } from '../inference/inference.module';
import { ModelsModule } from '../models/models.module';
import { UsageModule } from '../usage/usage.module';
import { Codec } from './codec/codec';
import { GenerateController } from './generate/generate.controller';
import { RestInference } from './http/rest-inference';
import { Idempotency } from './idempotency/idempotency';
import { DetailsController } from './models/details.controller';
import { ModelsController } from './models/models.controller';
import { RepositoryController } from './models/repository.controller';
import { RolloutController } from './models/rollout.controller';
import { TraceController } from './operations/trace.controller';
import { VersionsController } from './models/versions.controller';
import { LogSettingsController } from './operations/log-settings.controller';
import { MetricsController } from './operations/metrics.controller';
import { UsageController } from './operations/usage.controller';
import { ApiForwarding } from './openai/api-forwarding';
import { OpenAiController } from './openai/openai.controller';
import { ExampleAnswers } from './predict/example-answers';
import { PredictController } from './predict/predict.controller';
import { EmbeddingsController } from './tasks/embeddings.controller';
import { RerankingController } from './tasks/reranking.controller';
import { TaskInference } from './tasks/task-inference';
import { TaskModels } from './tasks/task-models';
import { TextController } from './tasks/text.controller';
import { TokenizerRequests } from './tasks/tokenizer-requests';
import { CudaSharedMemoryController } from './v2/cuda-shared-memory.controller';
import { InferController } from './v2/infer.controller';
import { SystemSharedMemoryController } from './v2/system-shared-memory.controller';
import { V2Controller } from './v2/v2.controller';

/** All HTTP endpoints except health and documentation. */
@Module({
  imports: [ModelsModule, InferenceModule, UsageModule],
  controllers: [
    MetricsController,
    LogSettingsController,
    ModelsController,
    RepositoryController,
    DetailsController,
    VersionsController,
    RolloutController,
    TraceController,
    UsageController,
    InferController,
    GenerateController,
    PredictController,
    OpenAiController,
    EmbeddingsController,
    RerankingController,
    TextController,
    V2Controller,
    SystemSharedMemoryController,
    CudaSharedMemoryController,
  ],
  providers: [
    Codec,
    Idempotency,
    RestInference,
    ExampleAnswers,
    ApiForwarding,
    TaskModels,
    TaskInference,
    TokenizerRequests,
  ],
})
export class RestModule {}
