import { ApiHeader } from '@nestjs/swagger';
import { CACHE_HEADER } from '../../inference/cache/inference-cache';

/** Documents the deadline header of an operation. */
export function ApiDeadline(): MethodDecorator {
  return ApiHeader({
    name: 'x-request-timeout',
    required: false,
    schema: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' },
    description:
      'Milliseconds until the response is no longer needed. The server rejects the request at once if it cannot meet this deadline, and drops it if its run has not started by then.',
  });
}

/** Documents the cache header of an inference response. */
export const CACHE_HEADERS = {
  [CACHE_HEADER]: {
    description:
      '`hit` if the response came from the cache or from the run of an identical request, otherwise `miss`. Absent if the model has no cache.',
    schema: { type: 'string', enum: ['hit', 'miss'] },
  },
};
