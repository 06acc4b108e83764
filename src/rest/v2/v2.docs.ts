import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiHeader, ApiOkResponse, ApiParam, getSchemaPath } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { ApiModel, ApiVersion } from '../http/api-model';
import { CACHE_HEADER } from '../../inference/cache/inference-cache';
import { IMAGE_OF_SEVEN, SEVEN } from './v2.examples';
import { InferRequest, InferResponse } from './v2.dto';

/** An operation on a shared memory region. */
export function ApiRegion(): MethodDecorator {
  return applyDecorators(
    ApiParam({ name: 'region', example: 'example', description: 'Name of the region.' }),
    ApiV2Errors('overloaded', 'internal'),
  );
}

/** Inference with the newest ready version of a model. */
export function ApiInfer(): MethodDecorator {
  return applyDecorators(ApiModel(), ApiInference());
}

/** Inference with one version of a model. */
export function ApiInferVersion(): MethodDecorator {
  return applyDecorators(ApiVersion(), ApiInference());
}

/** An operation that the client can limit in time. */
export function ApiDeadline(): MethodDecorator {
  return ApiHeader({
    name: 'x-request-timeout',
    required: false,
    schema: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' },
    description:
      'Milliseconds after which the answer is of no use: refused at once where that is too soon, and dropped when it has not begun by then.',
  });
}

/** Headers of an inference answer that say what the cache did. */
export const CACHE_HEADERS = {
  [CACHE_HEADER]: {
    description:
      'Whether the answer came from the cache, or from the run of an equal request; absent for a model without a cache.',
    schema: { type: 'string', enum: ['hit', 'miss'] },
  },
};

function ApiInference(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Inference-Header-Content-Length',
      required: false,
      description:
        'Bytes of JSON before the binary tensors; without it all of the body is JSON. With 0 the body is the bytes of the only input, for one row.',
    }),
    ApiDeadline(),
    ApiExtraModels(InferResponse),
    ApiBody({ type: InferRequest, required: true, examples: EXAMPLES }),
    ApiOkResponse({
      description: 'The outputs.',
      headers: CACHE_HEADERS,
      content: { 'application/json': { schema: { $ref: getSchemaPath(InferResponse) }, example: SEVEN } },
    }),
    ApiV2Errors('invalid', 'too_large', 'unsupported_encoding', 'deadline'),
  );
}

const EXAMPLES = {
  digits: {
    summary: 'digits: an image of a handwritten seven',
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
