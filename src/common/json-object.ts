import { errors } from './errors';
import { parseExactJson } from './exact-json';
import { requireLittleStructure } from './json-structure';
import { withoutByteOrderMark } from './json-text';

/** What is parsed in 1 ms or so. */
const SMALL_BYTES = 128 * 1024;

/**
 * The JSON object in `body`; an empty one when there is no body, as V2 clients send it.
 * @param form what the body may be, for the error: `{"ready": true}`.
 * @param limit most bytes of the body; more than the default is not for the event loop.
 * @throws NexusError invalid_input
 */
export function jsonObject(
  body: Uint8Array | undefined,
  form: string,
  limit = SMALL_BYTES,
): Record<string, unknown> {
  if (body === undefined || body.length === 0) return {};
  if (body.length > limit)
    throw errors.invalidInput(
      `the body has ${body.length} bytes; expected ${form} of at most ${limit} bytes`,
    );
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  requireLittleStructure(bytes);
  const message = parsed(withoutByteOrderMark(bytes.toString('utf8')));
  if (typeof message === 'object' && message !== null && !Array.isArray(message))
    return message as Record<string, unknown>;
  throw errors.invalidInput(`the body must be empty or ${form}`);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Tells where the text is wrong, which JSON.parse does not always.
    return parseExactJson(json);
  }
}
