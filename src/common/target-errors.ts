import type { ApiError } from './api-error';
import { NexusError } from './nexus-error';

/** The errors of models that other servers run. */
export const targetErrors = {
  noTarget: (model: string, reason: string) =>
    new NexusError(
      'unavailable',
      'no_target',
      `no target of model '${model}' can be used: ${reason}; retry after a second`,
      { retryAfterSeconds: 1 },
    ),
  targetsFull: (model: string) =>
    new NexusError(
      'overloaded',
      'targets_full',
      `every target of model '${model}' has as many requests in flight as it may; retry after a second, or raise max_in_flight in the settings of its targets`,
      { retryAfterSeconds: 1 },
    ),
  targetsOverloaded: (model: string, retryAfterSeconds: number) =>
    new NexusError(
      'overloaded',
      'targets_overloaded',
      `the targets of model '${model}' are overloaded; retry after ${retryAfterSeconds} s`,
      { retryAfterSeconds },
    ),
  targetFailed: (model: string, reason: string) =>
    new NexusError(
      'bad_gateway',
      'target_failed',
      `model '${model}' is run by another server, which failed: ${reason}; retry, or look up the request in the server log`,
    ),
  targetTimeout: (model: string, reason: string) =>
    new NexusError(
      'deadline',
      'target_timeout',
      `model '${model}' is run by another server, which did not respond in time: ${reason}`,
    ),
  /** @param answer the error that the target has sent, if it is one of the OpenAI API. */
  targetRejected: (message: string, answer?: ApiError) =>
    new NexusError('invalid', 'target_rejected', message, answer === undefined ? {} : { answer }),
  apiModel: (model: string, path: string) =>
    new NexusError(
      'invalid',
      'openai_model',
      `model '${model}' speaks the OpenAI API and has no tensors; use POST ${path}`,
    ),
  notApiModel: (model: string, path: string) =>
    new NexusError(
      'not_found',
      'not_openai_model',
      `model '${model}' does not speak the OpenAI API, so it cannot answer POST ${path}; use POST /v1/models/${encodeURIComponent(model)}/predict`,
    ),
} as const;
