import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiParam } from '@nestjs/swagger';
import { ApiErrors } from '../../../common/api-errors';
import { ApiDeadline, CACHE_HEADERS } from '../v2.docs';
import { IMAGE_OF_SEVEN } from '../v2.examples';
import { PredictRequest, PredictResponse } from './predict.dto';

/** Documents a prediction of the newest ready version of a model. */
export function ApiPredict(): MethodDecorator {
  return applyDecorators(
    ApiParam({ name: 'model', example: 'digits', description: 'Name of the model.' }),
    ApiDeadline(),
    ApiHeader({
      name: 'accept',
      required: false,
      description:
        'With application/octet-stream the answer is that of the Open Inference Protocol V2, with binary tensors.',
    }),
    ApiBody({ type: PredictRequest, required: true, examples: EXAMPLES }),
    ApiOkResponse({
      headers: CACHE_HEADERS,
      type: PredictResponse,
      description: 'The outputs, or the predictions row by row.',
    }),
    ApiErrors('invalid', 'not_found', 'too_large', 'unsupported_encoding', 'overloaded'),
    ApiErrors('internal', 'unavailable', 'deadline'),
  );
}

/** Documents a prediction of one version of a model. */
export function ApiPredictVersion(): MethodDecorator {
  return applyDecorators(
    ApiPredict(),
    ApiParam({ name: 'version', example: '1', description: 'Version of the model.' }),
  );
}

const EXAMPLES = {
  single: {
    summary: 'digits: an image of a handwritten seven',
    value: { inputs: { image: IMAGE_OF_SEVEN } },
  },
  rows: {
    summary: 'digits: row by row',
    value: { instances: [{ image: IMAGE_OF_SEVEN }], outputs: ['label'] },
  },
};
