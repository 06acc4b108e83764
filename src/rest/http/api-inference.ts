import { ApiHeader } from '@nestjs/swagger';
import { CACHE_HEADER } from '../../inference/cache/inference-cache';

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
