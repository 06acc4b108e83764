import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiHeader, ApiOkResponse, ApiParam, getSchemaPath } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { ApiModel, ApiVersion } from '../http/api-model';
import { ApiInferenceHeaders, ApiV2InferenceErrors, CACHE_HEADERS } from '../http/api-inference';
import { IMAGE_OF_SEVEN } from '../http/sample-image';
import { InferRequest, InferResponse } from './v2.dto';

/** Documents an operation on a shared memory region. */
export function ApiRegion(): MethodDecorator {
  return applyDecorators(
    ApiParam({ name: 'region', example: 'example', description: 'Name of the region.' }),
    ApiV2Errors('overloaded', 'internal'),
  );
}

/** Documents inference with the newest ready version of a model. */
export function ApiInfer(): MethodDecorator {
  return applyDecorators(ApiModel(), ApiInference());
}

/** Documents inference with one version of a model. */
export function ApiInferVersion(): MethodDecorator {
  return applyDecorators(ApiVersion(), ApiInference());
}

function ApiInference(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Inference-Header-Content-Length',
      required: false,
      description:
        'Length of the JSON before the binary tensors, in bytes. If absent, the whole body is JSON. If 0, the whole body is the bytes of the only input, for one row.',
    }),
    ApiInferenceHeaders(),
    ApiExtraModels(InferResponse),
    ApiBody({ type: InferRequest, required: true, examples: EXAMPLES }),
    ApiOkResponse({
      description: 'The outputs.',
      headers: CACHE_HEADERS,
      content: { 'application/json': { schema: { $ref: getSchemaPath(InferResponse) }, example: SEVEN } },
    }),
    ApiV2InferenceErrors(),
  );
}

const EXAMPLES = {
  digits: {
    summary: 'digits: a handwritten seven',
    value: { inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 8, 8], data: IMAGE_OF_SEVEN }] },
  },
  label: {
    summary: 'digits: only the label',
    value: {
      id: 'first',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 8, 8], data: IMAGE_OF_SEVEN }],
      outputs: [{ name: 'label' }],
    },
  },
};

/** The answer to the example that asks for the label only. */
const SEVEN = {
  id: 'first',
  model_name: 'digits',
  model_version: '1',
  outputs: [{ name: 'label', datatype: 'INT64', shape: [1], data: [7] }],
};
