import { errors } from '../../common/errors';
import { type ApiBody, modelNameOf } from './api-body';
import { wantedNames } from './json-bytes';
import { MemberScanner, type MemberSpan } from './member-scanner';

/** Scanning this many bytes takes a fraction of a millisecond. */
const PIECE_BYTES = 64 * 1024;

/** Time for which a body is scanned before the event loop runs other tasks, in milliseconds. */
const TURN_MS = 2;

/** Maximum bytes of a first message that requests are compared by. */
const MAX_OPENING = 4096;

/** Longest value of the members that are decoded: a name of 256 characters, each an escape, or a number. */
const MAX_VALUE = 256 * 6 + 2;

const PROMPTS = ['messages', 'input', 'prompt'] as const;
const MAXIMA = ['max_tokens', 'max_completion_tokens', 'max_output_tokens'] as const;
const WANTED = wantedNames(['model', 'n', ...PROMPTS, ...MAXIMA]);

/**
 * Reads a JSON body. A large one is read in pieces, between which the event loop runs other tasks.
 * @throws NexusError invalid_input, or rejects with it: not a JSON object, two members `model`, or one that is no name.
 */
export function readJsonBody(bytes: Buffer): ApiBody | Promise<ApiBody> {
  const scanner = new MemberScanner(WANTED, 'model');
  if (bytes.length > PIECE_BYTES) return inPieces(scanner, bytes);
  scanner.push(bytes);
  return bodyOf(scanner, bytes);
}

async function inPieces(scanner: MemberScanner, bytes: Buffer): Promise<ApiBody> {
  for (let at = 0; at < bytes.length;) {
    const until = performance.now() + TURN_MS;
    do {
      scanner.push(bytes.subarray(at, at + PIECE_BYTES));
      at += PIECE_BYTES;
    } while (at < bytes.length && performance.now() < until);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return bodyOf(scanner, bytes);
}

function bodyOf(scanner: MemberScanner, bytes: Buffer): ApiBody {
  scanner.end();
  const { members } = scanner;
  const model = members.get('model');
  const prompts = PROMPTS.flatMap((name) => members.get(name) ?? []);
  return {
    model: model === undefined ? undefined : modelNameOf(valueOf(model, bytes)),
    byteLength: bytes.length,
    promptCharacters: prompts.reduce((sum, { characters }) => sum + characters, 0),
    maxTokens: maxTokensOf(members, bytes),
    opening: prompts[0] && openingOf(prompts[0], bytes),
    bodyFor: (name) =>
      model === undefined
        ? [bytes]
        : [bytes.subarray(0, model.start), Buffer.from(JSON.stringify(name)), bytes.subarray(model.end)],
  };
}

function maxTokensOf(members: ReadonlyMap<string, MemberSpan>, bytes: Buffer): number {
  const most = Math.max(...MAXIMA.map((name) => wholeOf(members.get(name), bytes) ?? 0));
  return most * (wholeOf(members.get('n'), bytes) ?? 1);
}

/** undefined if the member is missing or no whole number, which the target finds. */
function wholeOf(span: MemberSpan | undefined, bytes: Buffer): number | undefined {
  const value = span === undefined ? undefined : Number(textOf(span, bytes));
  return Number.isSafeInteger(value) && value! >= 0 ? value : undefined;
}

/** The decoded value of `span`, as far as it is short. */
function valueOf(span: MemberSpan, bytes: Buffer): unknown {
  const text = textOf(span, bytes);
  if (text === undefined)
    throw errors.invalidInput(
      `model: expected the name of a model as a string, got ${span.end - span.start} bytes`,
      'model',
    );
  try {
    return JSON.parse(text);
  } catch {
    throw errors.invalidInput(
      `the body is not valid JSON: model, at byte ${span.start}, is not a valid value`,
      'model',
    );
  }
}

/** undefined if it is longer than any valid value. */
function textOf({ start, end }: MemberSpan, bytes: Buffer): string | undefined {
  return end - start > MAX_VALUE ? undefined : bytes.toString('utf8', start, end);
}

function openingOf({ start, end, first }: MemberSpan, bytes: Buffer): Uint8Array {
  const from = first?.start ?? start;
  return bytes.subarray(from, Math.min(first?.end ?? end, from + MAX_OPENING));
}
