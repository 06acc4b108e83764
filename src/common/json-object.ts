import { bufferOf } from './buffer-of';
import { errors } from './errors';
import { parseExactJson } from './exact-json';
import { withoutByteOrderMark } from './json-text';

/** Size of a document that parses in about 1 ms. */
const SMALL_BYTES = 128 * 1024;

/**
 * Parses the JSON object in `body`. An empty or missing body, which V2 clients send, is an empty object.
 * @param form expected form of the body, for the error message: `{"ready": true}`.
 * @param limit maximum size of the body in bytes. Do not parse more than the default on the event loop.
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
  const bytes = bufferOf(body);
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
    // Reports the position of the error, which JSON.parse does not always do.
    return parseExactJson(json);
  }
}

/** Maximum number of arrays, objects and keys in a document. Each costs JSON.parse up to 200 bytes. */
const MAX_STRUCTURE = 1_000_000;

const QUOTE = 0x22;

const BACKSLASH = 0x5c;

const OPEN_ARRAY = 0x5b;

const OPEN_OBJECT = 0x7b;

const COLON = 0x3a;

/**
 * Rejects small JSON documents that would need much memory, because JSON.parse terminates the whole process when it
 * runs out of memory. Numbers and strings cost a few times their size, so only arrays, objects and keys are counted.
 *
 * @param json the text in UTF-8; it need not be valid.
 * @throws invalid if the document has more than a million arrays, objects and keys.
 */
export function requireLittleStructure(json: Buffer): void {
  if (json.length <= MAX_STRUCTURE || countDelimiters(json) <= MAX_STRUCTURE) return;
  let structure = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at);
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT || byte === COLON) {
      if (++structure > MAX_STRUCTURE) throw tooMuch();
    }
  }
}

function tooMuch(): Error {
  return errors.invalidInput(
    `the JSON has more than ${MAX_STRUCTURE} arrays, objects and keys; send data flat, or as binary data`,
  );
}

/** Upper bound of the structure: counts delimiters, including those in strings. Fast, because tensors have few. */
function countDelimiters(json: Buffer): number {
  return count(json, OPEN_ARRAY) + count(json, OPEN_OBJECT) + count(json, COLON);
}

/** Counts occurrences of `byte`. Stops when the limit is exceeded. */
function count(json: Buffer, byte: number): number {
  let total = 0;
  for (let at = json.indexOf(byte); at !== -1 && total <= MAX_STRUCTURE; at = json.indexOf(byte, at + 1))
    total++;
  return total;
}

function endOfString(json: Buffer, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}
