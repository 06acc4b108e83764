import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { IDEMPOTENCY_HEADER, MODEL_HEADER } from '../../transport/http/inference-headers';
import { errors } from '../../common/errors';
import { hashInPieces } from '../../common/hash-in-pieces';
import { JSON_LENGTH_HEADER } from '../../open-inference/http';

/** Response header that marks the stored response to an earlier attempt. */
export const REPLAYED_HEADER = 'idempotency-replayed';

/** A string of RFC 9651 in quotes, as the draft has it, or the bare text that most clients send. */
const FORM = /^(?:"([\x20-\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255}))$/;

/**
 * The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header); undefined if it has none.
 * @throws NexusError invalid_input
 */
export function idempotencyKeyOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const given = headers[IDEMPOTENCY_HEADER] as string | undefined;
  if (given === undefined) return undefined;
  const [, quoted, bare] = FORM.exec(given) ?? [];
  const key = quoted ?? bare;
  if (key !== undefined) return key;
  throw errors.invalidInput(
    'Idempotency-Key: expected 1 to 255 printable ASCII characters without quotes and backslashes; send a new UUID for each request',
    IDEMPOTENCY_HEADER,
  );
}

/**
 * The SHA-256 of everything that the response to `request` depends on: method, path, the headers that select the format
 * and the model, and the body as it was sent. Large bodies are hashed in pieces, one per turn of the event loop.
 */
export async function digestOfRequest({ method, url, headers, body }: FastifyRequest): Promise<string> {
  const { accept, 'content-encoding': encoding } = headers;
  const hash = createHash('sha256');
  const selected = [headers[JSON_LENGTH_HEADER], headers[MODEL_HEADER]];
  hash.update(JSON.stringify([method, url, accept, encoding, ...selected]));
  if (body !== undefined) await hashInPieces(hash, [body as Buffer]);
  return hash.digest('base64url');
}
