import { ApiPropertyOptional } from '@nestjs/swagger';

/** Which versions to list. */
export class RepositoryIndexRequest {
  /** Whether to list only READY versions. False by default. */
  ready?: boolean;
}

/** Configuration and files for this load only. By default, both come from the repository. */
export class RepositoryLoadRequest {
  @ApiPropertyOptional({
    type: 'object',
    properties: {
      config: {
        type: 'string',
        description:
          'Triton model configuration as JSON, for example the response of /v2/models/{model}/config. It replaces config.pbtxt and model.yaml.',
        example: '{"max_batch_size": 8, "dynamic_batching": {}}',
      },
    },
    additionalProperties: {
      type: 'string',
      format: 'byte',
      description:
        'File in base64. Its key is file:<version>/<file>, for example file:1/model.onnx. Files replace the whole folder of the model and require config.',
    },
  })
  parameters?: Record<string, string>;
}

/** Parameters of an unload request. */
export class UnloadParameters {
  /** For a pipeline: whether to also unload the models that were loaded only for its steps. */
  unload_dependents?: boolean;
}

/** Options of an unload request. */
export class RepositoryUnloadRequest {
  parameters?: UnloadParameters;
}
