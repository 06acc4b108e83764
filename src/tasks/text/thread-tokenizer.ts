import { setImmediate } from 'node:timers/promises';
import { errors } from '../../common/errors';
import { MAX_CHARACTERS } from './character-limit';
import { piecesOf, type IndexRange } from './pieces';
import type { EncodeOptions, Encodings, TextToken, Tokenizer } from './tokenizer';
import type { DecodePiece, EncodePiece, PieceTokens, TokenizerFile, TokensPiece } from './tokenizer-messages';

/** Runs a function of the thread. */
type Run = <T>(name: string, task: unknown) => Promise<T>;

/** Maximum number of ids of a list to decode. */
const MAX_IDS = 2 ** 15;

/** Limits of a piece. It takes the thread a few milliseconds, and the event loop a fraction of one. */
const PIECE_ITEMS = 256;
const PIECE_CHARACTERS = 2 ** 16;
const PIECE_IDS = 2 ** 14;

/** This many tokens are copied, or become objects, in less than a millisecond. */
const COPIED_AT_ONCE = 2 ** 16;
const OBJECTS_AT_ONCE = 2 ** 11;

/** A tokenizer on the thread of {@link Run}. */
export class ThreadTokenizer implements Tokenizer {
  private closed = false;

  constructor(
    readonly digest: string,
    readonly vocabularySize: number,
    private readonly file: TokenizerFile,
    private readonly run: Run,
  ) {}

  async encode(
    texts: readonly string[],
    seconds: readonly string[] | undefined,
    options: EncodeOptions,
  ): Promise<Encodings> {
    const { file } = this;
    const { first, maxCharacters } = options;
    checkCharacters(texts, maxCharacters, 'text', first);
    if (seconds !== undefined) checkCharacters(seconds, maxCharacters, 'second text', first);
    const size = (index: number) => texts[index]!.length + (seconds?.[index]!.length ?? 0);
    const results: Encodings[] = [];
    for (const { start, end } of piecesOf(texts.length, size, PIECE_ITEMS, PIECE_CHARACTERS)) {
      const piece: EncodePiece = {
        file,
        first: first + start,
        texts: texts.slice(start, end),
        seconds: seconds?.slice(start, end),
        options,
      };
      results.push(await this.runOpen<Encodings>('encode', piece));
    }
    return results.length === 1 ? results[0]! : joined(results, options.offsets);
  }

  async tokens(texts: readonly string[], addSpecialTokens: boolean): Promise<TextToken[][]> {
    const { file } = this;
    checkCharacters(texts, MAX_CHARACTERS, 'text');
    const size = (index: number) => texts[index]!.length;
    const results: TextToken[][] = [];
    for (const { start, end } of piecesOf(texts.length, size, PIECE_ITEMS, PIECE_CHARACTERS)) {
      const ofPiece = texts.slice(start, end);
      const piece: TokensPiece = { file, first: start, texts: ofPiece, addSpecialTokens };
      await appendTokens(results, ofPiece, await this.runOpen<PieceTokens>('tokens', piece));
    }
    return results;
  }

  async decode(ids: readonly (readonly number[])[], skipSpecialTokens: boolean): Promise<string[]> {
    const tooLong = ids.findIndex(({ length }) => length > MAX_IDS);
    if (tooLong !== -1)
      throw errors.invalidInput(
        `list ${tooLong} has ${ids[tooLong]!.length} token ids, but the limit is ${MAX_IDS}; send fewer`,
      );
    const results: string[] = [];
    for (const piece of piecesOf(ids.length, (index) => ids[index]!.length, PIECE_ITEMS, PIECE_IDS))
      results.push(
        ...(await this.runOpen<string[]>('decode', this.decodePiece(ids, piece, skipSpecialTokens))),
      );
    return results;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    // It fails only if the thread ends, which releases the memory as well.
    this.run('close', this.file.number).catch(() => undefined);
  }

  private runOpen<T>(name: string, task: unknown): Promise<T> {
    // The thread would load the file again, and keep it.
    if (this.closed) throw errors.notReady('the model was unloaded while it read the texts');
    return this.run<T>(name, task);
  }

  private decodePiece(
    lists: readonly (readonly number[])[],
    { start, end }: IndexRange,
    skipSpecialTokens: boolean,
  ): DecodePiece {
    const lengths = Int32Array.from(lists.slice(start, end), ({ length }) => length);
    const ids = new Int32Array(lengths.reduce((sum, length) => sum + length, 0));
    let at = 0;
    for (let list = start; list < end; list += 1) {
      for (const id of lists[list]!) {
        if (!Number.isInteger(id) || id < 0 || id > 0x7fff_ffff) throw unknownId(list, id);
        ids[at++] = id;
      }
    }
    return { file: this.file, first: start, lengths, ids, skipSpecialTokens };
  }
}

/** The error for an id that is not in the vocabulary. */
export function unknownId(list: number, id: number): Error {
  return errors.invalidInput(
    `list ${list} has the token id ${id}, which is not in the vocabulary of the model`,
  );
}

/** @throws NexusError invalid_input for a text of more than `limit` UTF-16 code units. */
function checkCharacters(texts: readonly string[], limit: number, what: string, first = 0): void {
  const index = texts.findIndex(({ length }) => length > limit);
  if (index !== -1)
    throw errors.invalidInput(
      `${what} ${first + index} has ${texts[index]!.length} characters, but the limit is ${limit}; shorten it`,
    );
}

/** Joins the encodings of pieces, a part at a time, so that the event loop is not blocked. */
async function joined(pieces: readonly Encodings[], withOffsets: boolean): Promise<Encodings> {
  const total = pieces.reduce((sum, { ids }) => sum + ids.length, 0);
  const result = {
    lengths: new Int32Array(pieces.reduce((sum, { lengths }) => sum + lengths.length, 0)),
    ids: new Int32Array(total),
    typeIds: new Uint8Array(total),
    offsets: withOffsets ? new Int32Array(2 * total) : undefined,
  };
  let text = 0;
  let token = 0;
  let copied = 0;
  for (const { lengths, ids, typeIds, offsets } of pieces) {
    result.lengths.set(lengths, text);
    result.ids.set(ids, token);
    result.typeIds.set(typeIds, token);
    if (offsets !== undefined) result.offsets?.set(offsets, 2 * token);
    text += lengths.length;
    token += ids.length;
    copied += ids.length;
    if (copied < COPIED_AT_ONCE) continue;
    copied = 0;
    await setImmediate();
  }
  return result;
}

/** Appends the tokens of each text to `results`, a part at a time, so that the event loop is not blocked. */
async function appendTokens(
  results: TextToken[][],
  texts: readonly string[],
  { lengths, ids, special, offsets, names }: PieceTokens,
): Promise<void> {
  let at = 0;
  for (const [index, text] of texts.entries()) {
    const tokens: TextToken[] = [];
    for (const end = at + lengths[index]!; at < end; at += 1) {
      if (at % OBJECTS_AT_ONCE === OBJECTS_AT_ONCE - 1) await setImmediate();
      const id = ids[at]!;
      const start = offsets[2 * at]!;
      const stop = offsets[2 * at + 1]!;
      tokens.push(
        special[at] === 1
          ? { id, text: names.get(id)!, special: true, start: null, stop: null }
          : { id, text: text.slice(start, stop), special: false, start, stop },
      );
    }
    results.push(tokens);
  }
}
