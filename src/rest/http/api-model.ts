import { applyDecorators } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';

/** Documents an operation on the newest ready version of a model. */
export function ApiModel(): MethodDecorator {
  return applyDecorators(
    ApiParam({ name: 'model', example: 'digits', description: 'Name of the model.' }),
    ApiV2Errors('not_found', 'overloaded', 'internal', 'unavailable'),
  );
}

/** Documents an operation on one version of a model. */
export function ApiVersion(): MethodDecorator {
  return applyDecorators(
    ApiModel(),
    ApiParam({ name: 'version', example: '1', description: 'Version of the model, or its alias.' }),
  );
}
