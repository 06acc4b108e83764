import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOkResponse } from '@nestjs/swagger';
import { ApiModel, ApiVersion } from '../http/api-model';
import { ApiInferenceHeaders, ApiV2InferenceErrors, CACHE_HEADERS } from '../http/api-inference';
import { IMAGE_OF_SEVEN } from '../http/sample-image';

/** Documents generation with the newest ready version of a model. */
export function ApiGenerate(): MethodDecorator {
  return applyDecorators(ApiModel(), ApiGeneration(), ApiAnswer());
}

/** Documents generation with one version of a model. */
export function ApiGenerateVersion(): MethodDecorator {
  return applyDecorators(ApiVersion(), ApiGeneration(), ApiAnswer());
}

/** Documents streamed generation with the newest ready version of a model. */
export function ApiGenerateStream(): MethodDecorator {
  return applyDecorators(ApiModel(), ApiGeneration(), ApiEvents());
}

/** Documents streamed generation with one version of a model. */
export function ApiGenerateStreamVersion(): MethodDecorator {
  return applyDecorators(ApiVersion(), ApiGeneration(), ApiEvents());
}

function ApiGeneration(): MethodDecorator {
  return applyDecorators(
    ApiInferenceHeaders(),
    ApiBody({ schema: REQUEST, required: true, examples: EXAMPLES }),
    ApiV2InferenceErrors(),
  );
}

function ApiAnswer(): MethodDecorator {
  return ApiOkResponse({
    description: 'The outputs.',
    headers: CACHE_HEADERS,
    content: { 'application/json': { schema: ANSWER, example: SEVEN } },
  });
}

function ApiEvents(): MethodDecorator {
  return ApiOkResponse({
    description:
      'One server-sent event with the outputs as its data. Errors are returned as JSON before the stream starts.',
    headers: CACHE_HEADERS,
    content: {
      'text/event-stream': { schema: { type: 'string' }, example: `data: ${JSON.stringify(SEVEN)}\n\n` },
    },
  });
}

const SCALAR = { type: ['string', 'number', 'boolean'] };

/** A parameter, or the tensor of an input. */
const VALUE = { anyOf: [SCALAR, { type: 'array', items: SCALAR }] };

const REQUEST = {
  description:
    'Keys that name inputs of the model are tensors. A tensor is a value or a flat array of values: strings for BYTES, true and false for BOOL, numbers for all other datatypes. If one dimension of an input is variable, its size follows from the number of values. If the batch dimension is variable too, the batch has one row. All other keys are parameters.',
  type: 'object',
  properties: {
    id: { type: 'string', description: 'Returned in the response.' },
    parameters: {
      type: 'object',
      description:
        'Treated like keys of the body itself. `priority`: 1 is the highest, 0 the default of the model. `timeout`: microseconds until the response is no longer needed.',
      additionalProperties: VALUE,
    },
  },
  additionalProperties: VALUE,
};

const ANSWER = {
  description: 'Each output under its name: a value if it has one element, otherwise a flat array of values.',
  type: 'object',
  required: ['model_name', 'model_version'],
  properties: {
    id: { type: 'string' },
    model_name: { type: 'string' },
    model_version: { type: 'string' },
  },
  additionalProperties: true,
};

const EXAMPLES = {
  digits: {
    summary: 'digits: a handwritten seven',
    value: { id: 'first', image: IMAGE_OF_SEVEN.flat() },
  },
};

const SEVEN = {
  id: 'first',
  model_name: 'digits',
  model_version: '1',
  label: 7,
  probabilities: [8.1e-10, 1.7e-8, 3.6e-12, 5.5e-9, 2.9e-8, 2e-9, 7.3e-13, 1, 4e-9, 2.7e-11],
};
