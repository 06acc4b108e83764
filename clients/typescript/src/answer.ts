import { NexusError, refusal } from './nexus-error.ts';
import { retryAfterOf } from './retry.ts';

/** What came back. */
export interface Answer {
  readonly headers: Headers;
  readonly bytes: ArrayBuffer;
  /** The id of the request as the server tells it, otherwise as it was given. */
  readonly requestId: string | undefined;
}

/** Reads all of `response`. @throws NexusError when it is a refusal. */
export async function answerOf(response: Response, given: string | undefined): Promise<Answer> {
  const { headers, ok, status } = response;
  const requestId = headers.get('x-request-id') ?? given;
  if (ok) return { headers, bytes: await response.arrayBuffer(), requestId };
  throw refusal(await response.text(), { status, requestId, retryAfter: retryAfterOf(headers) });
}

/** What `decode` makes of `answer`. @throws NexusError of code `bad_answer` when it cannot. */
export function decoded<Value>(answer: Answer, decode: (answer: Answer) => Value): Value {
  try {
    return decode(answer);
  } catch (cause) {
    const { requestId } = answer;
    const message = `the answer is not what the protocol says: ${(cause as Error).message}`;
    throw new NexusError(message, { code: 'bad_answer', requestId, cause });
  }
}

/** The JSON object that an answer is. */
export function jsonOf({ bytes }: Answer): object {
  return JSON.parse(new TextDecoder().decode(bytes)) as object;
}
