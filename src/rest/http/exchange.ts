import type { FastifyRequest } from 'fastify';
import type { InferenceRequest } from '../../inference/request/inference-request';
import type { V2Request } from '../codec/messages';
import { deadlineOf } from './request-headers';

/** An inference request together with the message it came in, which says how to answer. */
export interface Exchange extends InferenceRequest {
  readonly message: V2Request;
}

/**
 * The inference that `message`, the decoded body of a request, asks for.
 * @param defaultTimeoutMs how long the answer is of use when the client does not say.
 * @throws NexusError invalid_input when a header is not what it has to be.
 */
export function exchangeOf(
  message: V2Request,
  { headers, raw }: FastifyRequest,
  defaultTimeoutMs: number,
): Exchange {
  return {
    message,
    inputs: message.inputs,
    outputs: message.outputs,
    priority: message.priority,
    deadline: deadlineOf(headers, message.timeoutMs, defaultTimeoutMs),
    abandoned: () => raw.socket.destroyed,
  };
}
