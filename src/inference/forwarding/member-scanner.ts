import { bufferOf } from '../../common/buffer-of';
import { errors } from '../../common/errors';
import { isAt, isScalar, shownByte, unexpected, type WantedNames } from './json-bytes';

/** Where a member of an object is, and what its value contains. Offsets count from the first byte of the object's text. */
export interface MemberSpan {
  /** First byte of the value. */
  readonly start: number;
  /** First byte after the value. */
  end: number;
  /** Characters of the strings in the value, without the keys of objects and without files in base64. */
  characters: number;
  /** Where the first element is, if the value is an array that has one. */
  first: { readonly start: number; end: number } | undefined;
}

/** What comes next, or what has begun. Numbers, because an object of them would cost a third of the time. */
const START = 0;
const VALUE = 1;
const VALUE_OR_END = 2;
const KEY_OR_END = 3;
const KEY = 4;
const COLON = 5;
const COMMA_OR_END = 6;
const SCALAR = 7;
const STRING = 8;
const ESCAPE = 9;
const DONE = 10;

/** Maximum nesting of arrays and objects. */
const MAX_DEPTH = 512;

/** Bytes of a string that are kept if it goes on in the next piece: a wanted key, of which each character is an escape. */
const MAX_KEPT = 32 * 6;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const DATA_URL = Buffer.from('data:');

/** Names of members whose strings are files in base64, such as `input_audio.data`. */
const FILES = ['data', 'file_data', 'b64_json'].map((name) => Buffer.from(name));

/**
 * Finds members of one JSON object in its bytes, which arrive in pieces, without decoding the rest. Time is linear in the
 * number of bytes, and memory does not depend on it.
 *
 * It checks the structure, not the grammar of numbers and the encoding of strings: the decoder of the object does that.
 */
export class MemberScanner {
  /** The members found. As in JSON.parse, the last one of a name counts. */
  readonly members = new Map<string, MemberSpan>();
  private at: number = START;
  /** Bytes before the current piece. */
  private passed = 0;
  /** Whether each open container, the innermost last, is an object. */
  private readonly isObject: boolean[] = [];
  private isKey = false;
  /** Whether the current string has an escape. */
  private hasEscape = false;
  private characters = 0;
  /** Of the current string: where its contents start, and the characters before it. */
  private stringStart = 0;
  private charactersBefore = 0;
  /** The beginning of the current string, if it has begun in an earlier piece. */
  private kept: Buffer | undefined;
  /** The key before the current value: the name of a wanted member, or '' for any other. */
  private key = '';
  /** Whether the key before the current value is that of a file. */
  private isFile = false;
  private current: MemberSpan | undefined;

  /**
   * @param wanted names of the members to find.
   * @param unique name of a member that may occur only once; undefined to allow every member again.
   */
  constructor(
    private readonly wanted: WantedNames,
    private readonly unique?: string,
  ) {}

  /** Reads the next bytes. @throws NexusError invalid_input, with the place. */
  push(bytes: Uint8Array): void {
    const { length } = bytes;
    let index = 0;
    while (index < length) {
      if (this.at === STRING) index = this.readString(bytes, index);
      else if (this.at === SCALAR) index = this.readScalar(bytes, index);
      else this.take(bytes[index]!, this.passed + index++);
    }
    if (this.at === STRING || this.at === ESCAPE) this.keep(bytes);
    this.passed += length;
  }

  /** Ends the text. @throws NexusError invalid_input if the object has not ended. */
  end(): void {
    if (this.at === DONE) return;
    if (this.at === START) throw errors.invalidInput('the body: expected a JSON object, got nothing');
    throw errors.invalidInput(
      `the body is not valid JSON: it ends after ${this.passed} bytes, within ${this.at === STRING || this.at === ESCAPE ? 'a string' : 'an object'}`,
    );
  }

  /** Reads a string up to its end, or up to a backslash. Returns the index of the first byte that is not read. */
  private readString(bytes: Uint8Array, from: number): number {
    const { length } = bytes;
    let { characters } = this;
    let index = from;
    let byte = 0;
    for (; index < length; index++) {
      byte = bytes[index]!;
      if (byte === 0x22 || byte === 0x5c) break;
      // Others continue a character of UTF-8.
      if ((byte & 0xc0) !== 0x80) characters++;
    }
    this.characters = characters;
    if (index === length) return index;
    if (byte === 0x22) this.endString(bytes, index);
    else {
      this.characters++;
      this.hasEscape = true;
      this.at = ESCAPE;
    }
    return index + 1;
  }

  private readScalar(bytes: Uint8Array, from: number): number {
    let index = from;
    while (index < bytes.length && isScalar(bytes[index]!)) index++;
    if (index < bytes.length) this.endValue(this.passed + index);
    return index;
  }

  /** Keeps the beginning of a string that goes on in the next piece. */
  private keep(bytes: Uint8Array): void {
    const kept = this.kept?.length ?? 0;
    const start = Math.max(this.stringStart - this.passed, 0);
    const piece = bytes.subarray(start, start + MAX_KEPT - kept);
    this.kept = this.kept === undefined ? Buffer.from(piece) : Buffer.concat([this.kept, piece]);
  }

  private take(byte: number, offset: number): void {
    if (this.at === ESCAPE) {
      // The four digits of \u0041 are one character.
      if (byte === 0x75) this.characters -= 4;
      this.at = STRING;
      return;
    }
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    switch (this.at) {
      case START:
        if (byte === 0x7b) return this.open(true);
        if (byte === BYTE_ORDER_MARK[offset]) return;
        throw errors.invalidInput(
          `the body: expected a JSON object, got ${shownByte(byte)} at byte ${offset}`,
        );
      case VALUE_OR_END:
        if (byte === 0x5d) return this.close(offset);
        return this.startValue(byte, offset);
      case VALUE:
        return this.startValue(byte, offset);
      case KEY_OR_END:
        if (byte === 0x7d) return this.close(offset);
        return this.startKey(byte, offset);
      case KEY:
        return this.startKey(byte, offset);
      case COLON:
        if (byte !== 0x3a) throw unexpected("':'", byte, offset);
        this.at = VALUE;
        return;
      case COMMA_OR_END: {
        const isObject = this.isObject.at(-1)!;
        if (byte === (isObject ? 0x7d : 0x5d)) return this.close(offset);
        if (byte !== 0x2c) throw unexpected(isObject ? "',' or '}'" : "',' or ']'", byte, offset);
        this.at = isObject ? KEY : VALUE;
        return;
      }
      default:
        throw unexpected('the end', byte, offset);
    }
  }

  private startKey(byte: number, offset: number): void {
    if (byte !== 0x22) throw unexpected('a key in double quotes', byte, offset);
    this.startString(offset, true);
  }

  private startString(offset: number, isKey: boolean): void {
    this.isKey = isKey;
    this.hasEscape = false;
    this.kept = undefined;
    this.stringStart = offset + 1;
    this.charactersBefore = this.characters;
    this.at = STRING;
  }

  private startValue(byte: number, offset: number): void {
    const depth = this.isObject.length;
    if (depth === 1) this.startMember(offset);
    else if (depth === 2 && this.at === VALUE_OR_END && this.current !== undefined)
      this.current.first = { start: offset, end: 0 };
    if (byte === 0x22) this.startString(offset, false);
    else if (byte === 0x7b) this.open(true, offset);
    else if (byte === 0x5b) this.open(false, offset);
    else if (isScalar(byte)) this.at = SCALAR;
    else throw unexpected('a value', byte, offset);
  }

  /** Starts the value of a member of the object itself. */
  private startMember(start: number): void {
    if (this.key === '') return;
    if (this.key === this.unique && this.members.has(this.key))
      throw errors.invalidInput(
        `${this.key}: expected it once, got it again at byte ${start}; remove one of them`,
        this.key,
      );
    this.current = { start, end: 0, characters: this.characters, first: undefined };
    this.members.set(this.key, this.current);
  }

  /** @param index where the string ends in `bytes`. */
  private endString(bytes: Uint8Array, index: number): void {
    const { kept } = this;
    if (kept !== undefined) {
      const all = Buffer.concat([kept, bytes.subarray(0, Math.min(index, MAX_KEPT - kept.length))]);
      this.took(all, 0, all.length);
    } else this.took(bytes, this.stringStart - this.passed, index);
    if (this.isKey) this.at = COLON;
    else this.endValue(this.passed + index + 1);
  }

  /** Takes the contents of a string, or the beginning of a long one, which are `text` from `start` to `end`. */
  private took(text: Uint8Array, start: number, end: number): void {
    if (!this.isKey) {
      const isFile = this.isFile && this.isObject.at(-1)!;
      if (isFile || (end - start >= DATA_URL.length && isAt(text, start, DATA_URL)))
        this.characters = this.charactersBefore;
      return;
    }
    this.characters = this.charactersBefore;
    if (this.isObject.length === 1) {
      this.isFile = false;
      this.key = this.hasEscape ? this.unescaped(text, start, end) : this.wantedAt(text, start, end);
    } else this.isFile = FILES.some((name) => name.length === end - start && isAt(text, start, name));
  }

  private wantedAt(text: Uint8Array, start: number, end: number): string {
    for (const { name, bytes } of this.wanted)
      if (bytes.length === end - start && isAt(text, start, bytes)) return name;
    return '';
  }

  private unescaped(text: Uint8Array, start: number, end: number): string {
    if (end - start >= MAX_KEPT) return '';
    try {
      const key = JSON.parse(`"${bufferOf(text).toString('utf8', start, end)}"`) as string;
      return this.wanted.find(({ name }) => name === key)?.name ?? '';
    } catch {
      throw errors.invalidInput(
        `the body is not valid JSON: the key at byte ${this.stringStart - 1} has an escape that does not exist`,
      );
    }
  }

  private open(isObject: boolean, offset = 0): void {
    if (this.isObject.length === MAX_DEPTH)
      throw errors.invalidInput(
        `the body: expected at most ${MAX_DEPTH} nested arrays and objects, got more at byte ${offset}`,
      );
    this.isObject.push(isObject);
    this.at = isObject ? KEY_OR_END : VALUE_OR_END;
  }

  private close(offset: number): void {
    this.isObject.pop();
    if (this.isObject.length === 0) this.at = DONE;
    else this.endValue(offset + 1);
  }

  private endValue(end: number): void {
    this.at = COMMA_OR_END;
    const { current } = this;
    if (current === undefined) return;
    const depth = this.isObject.length;
    if (depth === 1) {
      current.end = end;
      current.characters = this.characters - current.characters;
      this.current = undefined;
    } else if (depth === 2 && current.first?.end === 0) current.first.end = end;
  }
}
