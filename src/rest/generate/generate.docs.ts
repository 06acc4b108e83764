import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOkResponse } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { ApiModel, ApiVersion } from '../http/api-model';
import { ApiDeadline, CACHE_HEADERS } from '../http/api-inference';
import { IMAGE_OF_SEVEN } from '../http/sample-image';

/** Generation with the newest ready version of a model. */
export function ApiGenerate(): MethodDecorator {
  return applyDecorators(ApiModel(), ApiGeneration(), ApiAnswer());
}

/** Generation with one version of a model. */
export function ApiGenerateVersion(): MethodDecorator {
  return applyDecorators(ApiVersion(), ApiGeneration(), ApiAnswer());
}

/** Generation with the newest ready version of a model, as a stream. */
export function ApiGenerateStream(): MethodDecorator {
  return applyDecorators(ApiModel(), ApiGeneration(), ApiEvents());
}

/** Generation with one version of a model, as a stream. */
export function ApiGenerateStreamVersion(): MethodDecorator {
  return applyDecorators(ApiVersion(), ApiGeneration(), ApiEvents());
}

function ApiGeneration(): MethodDecorator {
  return applyDecorators(
    ApiDeadline(),
    ApiBody({ schema: REQUEST, required: true, examples: EXAMPLES }),
    ApiV2Errors('invalid', 'too_large', 'unsupported_encoding', 'deadline'),
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
      'Server-sent events: one, with the outputs as its data. Whatever fails does so before, as JSON.',
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
    'Keys that name inputs of the model are its tensors, a value or a flat array of them: text for BYTES, true and false for BOOL, numbers otherwise. The one variable dimension of an input is what the others leave, and a batch that is variable beside it has one row. All other keys are parameters.',
  type: 'object',
  properties: {
    id: { type: 'string', description: 'Comes back in the answer.' },
    parameters: {
      type: 'object',
      description:
        'Keys here count as if they stood beside it. `priority`: 1 is the highest, 0 the default of the model. `timeout`: microseconds until the answer is of no use.',
      additionalProperties: VALUE,
    },
  },
  additionalProperties: VALUE,
};

const ANSWER = {
  description:
    'Each output under its name: its value when it has one element, a flat array of them otherwise.',
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
    summary: 'digits: an image of a handwritten seven',
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
