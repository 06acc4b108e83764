import { ApiPropertyOptional } from '@nestjs/swagger';

/** What to list. */
export class RepositoryIndexRequest {
  /** Whether to leave out what is not READY; false when absent. */
  ready?: boolean;
}

/** What to load a model with, for this once. Without it the repository has all. */
export class RepositoryLoadRequest {
  @ApiPropertyOptional({
    type: 'object',
    properties: {
      config: {
        type: 'string',
        description:
          'A model configuration of Triton as JSON, such as the answer of /v2/models/{model}/config, in place of config.pbtxt and model.yaml.',
        example: '{"max_batch_size": 8, "dynamic_batching": {}}',
      },
    },
    additionalProperties: {
      type: 'string',
      format: 'byte',
      description:
        'A file in base64, under the name file:<version>/<file>, such as file:1/model.onnx. Files replace the whole folder of the model, and need config beside them.',
    },
  })
  parameters?: Record<string, string>;
}

/** Parameters of an unload request. */
export class UnloadParameters {
  /** Whether models that were loaded only for the steps of this one, a pipeline, go too. */
  unload_dependents?: boolean;
}

/** How to unload a model. */
export class RepositoryUnloadRequest {
  parameters?: UnloadParameters;
}
