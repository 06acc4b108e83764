import { applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { INFERENCE_HEADERS } from '../../transport/http/inference-headers';
import { CACHE_HEADER } from '../../inference/cache/inference-cache';

/** Documents the request headers of an inference operation. */
export function ApiInferenceHeaders(): MethodDecorator {
  return applyDecorators(...INFERENCE_HEADERS.map((header) => ApiHeader(header)));
}

/** Documents the errors of an inference operation under /v2. */
export function ApiV2InferenceErrors(): MethodDecorator {
  return ApiV2Errors(
    'invalid',
    'too_large',
    'conflict',
    'unprocessable',
    'unsupported_encoding',
    'bad_gateway',
    'deadline',
  );
}

/** Documents the cache header of an inference response. */
export const CACHE_HEADERS = {
  [CACHE_HEADER]: {
    description:
      '`hit` if the response came from the cache or from the run of an identical request, otherwise `miss`. Absent if the model has no cache.',
    schema: { type: 'string', enum: ['hit', 'miss'] },
  },
};
