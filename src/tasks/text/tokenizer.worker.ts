import type { Encoding, Tokenizer } from 'tokenizers';
import { errors } from '../../common/errors';
import { outcomeOfAsync, moving, type Outcome } from '../../common/offload';
import { codeUnits } from './code-units';
import { unknownId } from './thread-tokenizer';
import type { EncodeOptions, Encodings } from './tokenizer';
import { loadTokenizer, tryTokenizer } from './tokenizer-file';
import type {
  DecodePiece,
  EncodePiece,
  LoadedFile,
  PieceTokens,
  TokenizerFile,
  TokensPiece,
} from './tokenizer-messages';
import type { IndexRange } from './pieces';
import { removalOf } from './truncation';

/** The loaded tokenizers by {@link TokenizerFile.number}. */
const loaded = new Map<number, Tokenizer>();

/** Loads a file, after a trial in another process. @throws Error with one line for the operator. */
export async function load({ number, path }: TokenizerFile): Promise<Outcome<LoadedFile>> {
  const digest = await tryTokenizer(path);
  const tokenizer = tokenizerOf({ number, path, digest });
  return { value: { digest, vocabularySize: tokenizer.getVocabSize(true) } };
}

/** Forgets a tokenizer. */
export function close(number: number): Outcome<undefined> {
  loaded.delete(number);
  return { value: undefined };
}

/** Encodes a piece of a request. The memory of the {@link Encodings} is transferred to the caller. */
export async function encode(piece: EncodePiece): Promise<unknown> {
  const outcome = await outcomeOfAsync(async () => {
    const { file, first, texts, seconds, options } = piece;
    checkWellFormed(texts, first, 'text');
    if (seconds !== undefined) checkWellFormed(seconds, first, 'second text');
    const tokenizer = tokenizerOf(file);
    const { addSpecialTokens } = options;
    const encodings =
      seconds === undefined
        ? await tokenizer.encodeBatch([...texts], { addSpecialTokens })
        : // encodeBatch takes no pairs.
          await Promise.all(
            texts.map((text, index) => tokenizer.encode(text, seconds[index], { addSpecialTokens })),
          );
    return encodingsOf(encodings, piece);
  });
  if (!('value' in outcome)) return outcome;
  const { lengths, ids, typeIds, offsets } = outcome.value;
  return moving(
    outcome,
    [lengths, ids, typeIds, ...(offsets === undefined ? [] : [offsets])].map(({ buffer }) => buffer),
  );
}

/** Encodes a piece for clients. The memory of the arrays of {@link PieceTokens} is transferred to the caller. */
export async function tokens({ file, first, texts, addSpecialTokens }: TokensPiece): Promise<unknown> {
  const outcome = await outcomeOfAsync(async () => {
    checkWellFormed(texts, first, 'text');
    const encodings = await tokenizerOf(file).encodeBatch([...texts], { addSpecialTokens });
    return pieceTokensOf(encodings, texts);
  });
  if (!('value' in outcome)) return outcome;
  const { lengths, ids, special, offsets } = outcome.value;
  return moving(
    outcome,
    [lengths, ids, special, offsets].map(({ buffer }) => buffer),
  );
}

/** Decodes a piece. @throws invalid_input for an id outside the vocabulary. */
export function decode({
  file,
  first,
  lengths,
  ids,
  skipSpecialTokens,
}: DecodePiece): Promise<Outcome<string[]>> {
  return outcomeOfAsync(() => {
    const tokenizer = tokenizerOf(file);
    let at = 0;
    const lists = Array.from(lengths, (length, index) => {
      const list = [...ids.subarray(at, (at += length))];
      const unknown = list.find((id) => tokenizer.idToToken(id) === null);
      if (unknown !== undefined) throw unknownId(first + index, unknown);
      return list;
    });
    return tokenizer.decodeBatch(lists, skipSpecialTokens);
  });
}

/** The tokenizer of `file`. A new thread, after one that has ended, loads it again. */
function tokenizerOf({ number, path, digest }: TokenizerFile): Tokenizer {
  const known = loaded.get(number);
  if (known !== undefined) return known;
  const again = loadTokenizer(path);
  if (again.digest !== digest)
    throw new Error(`${path} has changed since it was loaded first; load the model again`);
  loaded.set(number, again.tokenizer);
  return again.tokenizer;
}

/** @throws invalid_input for a text that is not valid Unicode, which the native library would change. */
function checkWellFormed(texts: readonly string[], first: number, what: string): void {
  const index = texts.findIndex((text) => !text.isWellFormed());
  if (index !== -1)
    throw errors.invalidInput(
      `${what} ${first + index} has half of a surrogate pair (\\uD800 to \\uDFFF); send valid Unicode`,
    );
}

function encodingsOf(
  encodings: readonly Encoding[],
  { first, texts, seconds, options }: EncodePiece,
): Encodings {
  const removals = encodings.map((encoding, index) => removalFor(encoding, first + index, seconds, options));
  const lengths = Int32Array.from(encodings, (encoding, index) => {
    const removal = removals[index];
    return encoding.getLength() - (removal === undefined ? 0 : removal.end - removal.start);
  });
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const ids = new Int32Array(total);
  const typeIds = new Uint8Array(total);
  const offsets = options.offsets ? new Int32Array(2 * total) : undefined;
  let at = 0;
  for (const [index, encoding] of encodings.entries()) {
    const removal = removals[index];
    ids.set(without(removal, encoding.getIds()), at);
    typeIds.set(without(removal, encoding.getTypeIds()), at);
    offsets?.set(without(removal, offsetsOf(encoding, texts[index]!, seconds?.[index])).flat(), 2 * at);
    at += lengths[index]!;
  }
  return { lengths, ids, typeIds, offsets };
}

function pieceTokensOf(encodings: readonly Encoding[], texts: readonly string[]): PieceTokens {
  const lengths = Int32Array.from(encodings, (encoding) => encoding.getLength());
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const ids = new Int32Array(total);
  const special = new Uint8Array(total);
  const offsets = new Int32Array(2 * total);
  const names = new Map<number, string>();
  let at = 0;
  for (const [index, encoding] of encodings.entries()) {
    const mask = encoding.getSpecialTokensMask();
    ids.set(encoding.getIds(), at);
    special.set(mask, at);
    offsets.set(offsetsOf(encoding, texts[index]!, undefined).flat(), 2 * at);
    if (mask.includes(1))
      for (const [place, name] of encoding.getTokens().entries())
        if (mask[place] === 1) names.set(ids[at + place]!, name);
    at += lengths[index]!;
  }
  return { lengths, ids, special, offsets, names };
}

/** Which tokens of a text or pair to remove; undefined if it fits. @throws invalid_input if it cannot be cut. */
function removalFor(
  encoding: Encoding,
  index: number,
  seconds: readonly string[] | undefined,
  { maxTokens, truncate }: EncodeOptions,
): IndexRange | undefined {
  const length = encoding.getLength();
  if (length <= maxTokens) return undefined;
  const what = seconds === undefined ? 'text' : 'pair';
  if (truncate === undefined)
    throw errors.invalidInput(
      `${what} ${index} has ${length} tokens, but the limit is ${maxTokens}; shorten it or allow truncation`,
    );
  const removal = removalOf(encoding.getSequenceIds(), seconds === undefined ? 0 : 1, maxTokens, truncate);
  if (removal !== undefined) return removal;
  throw errors.invalidInput(
    seconds === undefined
      ? `the limit of ${maxTokens} tokens is too low for the special tokens of the model; raise it`
      : `pair ${index} has ${length} tokens, but the limit is ${maxTokens}, and its first text leaves no room for the second; shorten the first text`,
  );
}

/** Start and end of each token in its text, in UTF-16 code units. */
function offsetsOf(encoding: Encoding, text: string, second: string | undefined): number[][] {
  const inText = codeUnits(text);
  const inSecond = second === undefined ? inText : codeUnits(second);
  const sequences = second === undefined ? undefined : encoding.getSequenceIds();
  return encoding
    .getOffsets()
    .map((places, token) => places.map(sequences?.[token] === 1 ? inSecond : inText));
}

function without<T>(removal: IndexRange | undefined, values: T[]): T[] {
  return removal === undefined ? values : [...values.slice(0, removal.start), ...values.slice(removal.end)];
}
