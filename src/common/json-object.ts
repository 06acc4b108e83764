import { errors } from './errors';

/**
 * The JSON object in `body`; an empty one when there is no body, as V2 clients send it.
 * @param form what the body may be, for the error: `{"ready": true}`.
 * @throws NexusError invalid_input
 */
export function jsonObject(body: Uint8Array | undefined, form: string): Record<string, unknown> {
  if (body === undefined || body.length === 0) return {};
  try {
    const message: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (typeof message === 'object' && message !== null && !Array.isArray(message))
      return message as Record<string, unknown>;
  } catch {
    // Told below, like any other body that is not what it should be.
  }
  throw errors.invalidInput(`the body must be empty or ${form}`);
}
