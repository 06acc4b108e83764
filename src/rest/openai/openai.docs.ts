import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOkResponse } from '@nestjs/swagger';
import { ApiErrors } from '../../transport/http/api-errors';
import { INFERENCE_HEADERS } from '../../transport/http/inference-headers';
import { SESSION_HEADER, TARGET_HEADER } from '../../transport/target-headers';

/** Members of a request that the gateway reads. All others are forwarded unchanged. */
const MODEL = {
  type: 'string',
  minLength: 1,
  maxLength: 256,
  description: 'Name of the model, or the name and a version or alias: `name:alias`.',
  example: 'assistant',
};
const STREAM = {
  type: 'boolean',
  description:
    'Whether the response is a stream of server-sent events, which reach the client as they arrive.',
};
const LIMIT = {
  type: 'integer',
  minimum: 1,
  description:
    'Maximum tokens of the response, which count against limits of tokens until the response has ended.',
};
const ANY = { description: 'As the engine defines it.' };

const HEADERS = applyDecorators(
  ApiHeader(INFERENCE_HEADERS[0]),
  ApiHeader({
    name: SESSION_HEADER,
    required: false,
    description:
      'Requests with the same value go to the same engine while it is healthy. At most 256 characters count.',
    schema: { type: 'string' },
  }),
);

const ERRORS = ApiErrors(
  'invalid',
  'not_found',
  'too_large',
  'unsupported_encoding',
  'overloaded',
  'internal',
  'bad_gateway',
  'unavailable',
  'deadline',
);

/** Documents `POST /v1/chat/completions`. */
export function ApiChatCompletions(): MethodDecorator {
  return forwarded(
    {
      required: ['model'],
      properties: {
        model: MODEL,
        messages: { type: 'array', items: { type: 'object', additionalProperties: true } },
        stream: STREAM,
        max_tokens: LIMIT,
        max_completion_tokens: LIMIT,
      },
    },
    { model: 'assistant', messages: [{ role: 'user', content: 'Where do cats sleep?' }] },
    {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Anywhere.' }, finish_reason: 'stop' }],
    },
  );
}

/** Documents `POST /v1/completions`. */
export function ApiCompletions(): MethodDecorator {
  return forwarded(
    { required: ['model'], properties: { model: MODEL, prompt: ANY, stream: STREAM, max_tokens: LIMIT } },
    { model: 'assistant', prompt: 'Cats sleep', max_tokens: 16 },
    {
      id: 'cmpl-1',
      object: 'text_completion',
      choices: [{ index: 0, text: ' anywhere.', finish_reason: 'stop' }],
    },
  );
}

/** Documents `POST /v1/responses`. */
export function ApiResponses(): MethodDecorator {
  return forwarded(
    {
      required: ['model'],
      properties: { model: MODEL, input: ANY, stream: STREAM, max_output_tokens: LIMIT },
    },
    { model: 'assistant', input: 'Where do cats sleep?' },
    { id: 'resp_1', object: 'response', status: 'completed', output: [] },
  );
}

/** Documents `POST /v1/audio/transcriptions`. */
export function ApiTranscriptions(): MethodDecorator {
  return applyDecorators(
    HEADERS,
    ApiConsumes('multipart/form-data'),
    ApiBody({
      required: true,
      schema: {
        type: 'object',
        description:
          'The fields that the engine defines. All are forwarded, and only the name of the model changes.',
        required: ['model', 'file'],
        properties: { model: MODEL, file: { type: 'string', format: 'binary' } },
        additionalProperties: true,
      },
    }),
    answered({ text: 'Cats sleep anywhere.' }),
    ERRORS,
  );
}

function forwarded(schema: object, example: object, answer: object): MethodDecorator {
  return applyDecorators(
    HEADERS,
    ApiBody({
      required: true,
      schema: {
        type: 'object',
        description:
          'The members that the engine defines. All are forwarded, and only the name of the model changes.',
        additionalProperties: true,
        ...schema,
      },
      examples: { request: { summary: 'A request', value: example } },
    }),
    answered(answer),
    ERRORS,
  );
}

function answered(example: object): MethodDecorator {
  return ApiOkResponse({
    description: 'The response of the engine, unchanged.',
    headers: {
      [TARGET_HEADER]: {
        description: 'The server that ran the model, for callers with the scope admin.',
        schema: { type: 'string' },
      },
    },
    content: {
      'application/json': { schema: { type: 'object', additionalProperties: true }, example },
      'text/event-stream': { schema: { type: 'string' } },
    },
  });
}
