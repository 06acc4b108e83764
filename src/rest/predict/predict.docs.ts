import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiParam } from '@nestjs/swagger';
import { ApiErrors, ApiV2Errors } from '../../transport/http/api-errors';
import { ApiInferenceHeaders, CACHE_HEADERS } from '../http/api-inference';
import { IMAGE_OF_SEVEN } from '../http/sample-image';
import { PredictRequest, PredictResponse, TensorflowRequest, TensorflowResponse } from './predict.dto';

/** Documents a prediction of the newest ready version of a model. */
export function ApiPredict(): MethodDecorator {
  return applyDecorators(
    ApiParam({ name: 'model', type: String, example: 'digits', description: 'Name of the model.' }),
    ApiInferenceHeaders(),
    ApiHeader({
      name: 'accept',
      required: false,
      description:
        'Set to application/octet-stream to receive a response of the Open Inference Protocol V2 with binary tensors.',
    }),
    ApiBody({ type: PredictRequest, required: true, examples: EXAMPLES }),
    ApiOkResponse({
      headers: CACHE_HEADERS,
      type: PredictResponse,
      description: 'The outputs, or one prediction per row.',
    }),
    ApiPredictErrors(),
  );
}

/** Documents a prediction of one version of a model. */
export function ApiPredictVersion(): MethodDecorator {
  return applyDecorators(
    ApiPredict(),
    ApiParam({
      name: 'version',
      type: String,
      example: '1',
      description: 'Version of the model, or its alias.',
    }),
  );
}

/** Documents a prediction of the newest ready version of a model in the protocol of TensorFlow Serving. */
export function ApiTensorflowPredict(): MethodDecorator {
  return applyDecorators(
    ApiParam({ name: 'model', type: String, example: 'digits', description: 'Name of the model.' }),
    ApiInferenceHeaders(),
    ApiBody({ type: TensorflowRequest, required: true, examples: TENSORFLOW_EXAMPLES }),
    ApiOkResponse({
      headers: CACHE_HEADERS,
      type: TensorflowResponse,
      description: 'One prediction per row, or the outputs.',
    }),
    ApiV2Errors('invalid', 'not_found', 'too_large', 'unsupported_encoding', 'overloaded'),
    ApiV2Errors('conflict', 'unprocessable', 'internal', 'bad_gateway', 'unavailable', 'deadline'),
  );
}

/** Documents a prediction of one version of a model in the protocol of TensorFlow Serving. */
export function ApiTensorflowVersion(): MethodDecorator {
  return applyDecorators(
    ApiTensorflowPredict(),
    ApiParam({
      name: 'version',
      type: String,
      example: '1',
      description: 'Version of the model, or its alias.',
    }),
  );
}

function ApiPredictErrors(): MethodDecorator {
  return applyDecorators(
    ApiErrors('invalid', 'not_found', 'too_large', 'unsupported_encoding', 'overloaded'),
    ApiErrors('conflict', 'unprocessable', 'internal', 'bad_gateway', 'unavailable', 'deadline'),
  );
}

const TENSORFLOW_EXAMPLES = {
  rows: {
    summary: 'digits: one item per row',
    value: { instances: [{ image: IMAGE_OF_SEVEN }] },
  },
  columns: {
    summary: 'digits: inputs by name',
    value: { signature_name: 'serving_default', inputs: { image: [IMAGE_OF_SEVEN] } },
  },
};

const EXAMPLES = {
  single: {
    summary: 'digits: a handwritten seven',
    value: { inputs: { image: IMAGE_OF_SEVEN } },
  },
  rows: {
    summary: 'digits: one item per row',
    value: { instances: [{ image: IMAGE_OF_SEVEN }], outputs: ['label'] },
  },
};
