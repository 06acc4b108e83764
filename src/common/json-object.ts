import { errors } from './errors';
import { parseExactJson } from './exact-json';
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

/** Most arrays, objects and keys of one document. Each costs JSON.parse up to 200 bytes, so this many cost little. */
const MAX_STRUCTURE = 1_000_000;

const QUOTE = 0x22;

const BACKSLASH = 0x5c;

const OPEN_ARRAY = 0x5b;

const OPEN_OBJECT = 0x7b;

const COLON = 0x3a;

/**
 * Refuses JSON of few bytes that would need much memory: JSON.parse ends the process, not only its thread, when it
 * runs out. Numbers and strings cost a few times their bytes, so only structure is counted; nesting is a part of it.
 *
 * @param json the text in UTF-8; need not be valid.
 * @throws invalid when it has more than a million arrays, objects and keys.
 */
export function requireLittleStructure(json: Buffer): void {
  if (json.length <= MAX_STRUCTURE || mentions(json) <= MAX_STRUCTURE) return;
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

/** Bytes that may open or name something, those within strings included: quick, for tensors have few. */
function mentions(json: Buffer): number {
  return count(json, OPEN_ARRAY) + count(json, OPEN_OBJECT) + count(json, COLON);
}

/** Occurrences of `byte`, counted no further than past the limit. */
function count(json: Buffer, byte: number): number {
  let found = 0;
  for (let at = json.indexOf(byte); at !== -1 && found <= MAX_STRUCTURE; at = json.indexOf(byte, at + 1))
    found++;
  return found;
}

function endOfString(json: Buffer, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}
