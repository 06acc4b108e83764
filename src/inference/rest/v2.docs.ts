import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { HTTP_STATUS } from '../../common/errors';
import { IMAGE_OF_SEVEN, SEVEN } from './v2.examples';
import { InferRequest, InferResponse, V2Error } from './v2.dto';

/** What the statuses of the protocol's errors mean here. */
const MEANING: Readonly<Record<number, string>> = {
  [HTTP_STATUS.invalid]:
    'The request is wrong; the text tells what was expected, what came and how to fix it.',
  [HTTP_STATUS.not_found]: 'There is no such model or version.',
  [HTTP_STATUS.too_large]: 'The body is larger than NEXUS_BODY_LIMIT.',
  [HTTP_STATUS.unsupported_encoding]: 'The Content-Encoding is not gzip, deflate or identity.',
  [HTTP_STATUS.overloaded]:
    'Too many requests of this caller, or the queue of the model is full; Retry-After tells when to try again.',
  [HTTP_STATUS.internal]: 'A fault of the server; its log has it under the request id.',
  [HTTP_STATUS.unavailable]:
    'The model is not ready, or its process was lost twice; Retry-After tells when to try again.',
  [HTTP_STATUS.deadline]: 'The deadline of the request, or the time limit of a run, has passed.',
};

const { invalid, not_found, too_large, unsupported_encoding, overloaded, internal, unavailable, deadline } =
  HTTP_STATUS;

/** The error answers of an operation, each with its body. */
export function ApiV2Errors(...statuses: readonly number[]): MethodDecorator {
  return applyDecorators(
    ...statuses.map((status) => ApiResponse({ status, description: MEANING[status]!, type: V2Error })),
  );
}

/** An operation on the newest ready version of a model. */
export function ApiModel(summary: string): MethodDecorator {
  return applyDecorators(
    ApiOperation({ summary }),
    ApiParam({ name: 'model', example: 'digits', description: 'Name of the model.' }),
    ApiV2Errors(not_found, overloaded, internal, unavailable),
  );
}

/** An operation on one version of a model. */
export function ApiVersion(summary: string): MethodDecorator {
  return applyDecorators(
    ApiModel(summary),
    ApiParam({ name: 'version', example: '1', description: 'Version of the model.' }),
  );
}

/** Inference with the newest ready version of a model. */
export function ApiInfer(summary: string): MethodDecorator {
  return applyDecorators(ApiModel(summary), ApiInference());
}

/** Inference with one version of a model. */
export function ApiInferVersion(summary: string): MethodDecorator {
  return applyDecorators(ApiVersion(summary), ApiInference());
}

function ApiInference(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Inference-Header-Content-Length',
      required: false,
      description: 'Bytes of JSON before the binary tensors; without it all of the body is JSON.',
    }),
    ApiHeader({
      name: 'x-request-timeout',
      required: false,
      description:
        'Milliseconds after which the answer is of no use; work that has not started by then is dropped.',
    }),
    ApiBody({ type: InferRequest, required: true, examples: EXAMPLES }),
    ApiOkResponse({
      description: 'The outputs.',
      content: { 'application/json': { schema: { $ref: getSchemaPath(InferResponse) }, example: SEVEN } },
    }),
    ApiV2Errors(invalid, too_large, unsupported_encoding, deadline),
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
