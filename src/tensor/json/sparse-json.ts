import { randomUUID } from 'node:crypto';
import { UnreadNumbers } from './unread-numbers';

/** Shorter arrays, in characters, are as fast with JSON.parse. */
const SHORTEST_ARRAY = 1024;

/** Maximum length of the JSON without its arrays of numbers. */
const LONGEST_REST = 64 * 1024;

/** Maximum number of bytes and strings before an array of numbers. */
const MOST_STEPS = 1024;

/** Maximum number of brackets and white space before the first number of an array. */
const LONGEST_START = 128;

/** Deeper arrays of numbers are not replaced. */
const MAX_DEPTH = 8;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const NINE = 0x39;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;

/** The string that JSON.parse reads instead of an array of numbers, without its index. Clients cannot guess it. */
const PLACEHOLDER = randomUUID();

/** JSON whose long arrays of numbers have not been read. */
export interface SparseJson {
  /** The document with {@link numbers} in their places. */
  readonly value: unknown;
  readonly numbers: readonly UnreadNumbers[];
}

/**
 * Parses JSON except for its long arrays of numbers, which it does not check. The document is valid, and `value` is its
 * content, if all of `numbers` can be read.
 *
 * @returns undefined if there are no such arrays, if the rest of the document is large, or if an error is found.
 */
export function parseSparseJson(json: Buffer): SparseJson | undefined {
  if (json.length < SHORTEST_ARRAY) return undefined;
  const finder = new ArrayFinder(json);
  const numbers: UnreadNumbers[] = [];
  let text = '';
  let rest = 0;
  for (let found = finder.next(); found !== undefined; found = finder.next()) {
    const [start, end] = found;
    if (start - rest > LONGEST_REST) return undefined;
    text += `${json.toString('utf8', rest, start)}"${PLACEHOLDER}${numbers.length}"`;
    if (text.length > LONGEST_REST) return undefined;
    numbers.push(new UnreadNumbers(json, start, end));
    rest = end;
  }
  if (numbers.length === 0 || json.length - rest > LONGEST_REST) return undefined;
  text += json.toString('utf8', rest);
  // Possibly not UTF-8.
  if (text.includes('\ufffd')) return undefined;
  try {
    return { value: replaced(JSON.parse(text), numbers, 0), numbers };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `value` with `numbers` instead of their placeholders. */
function replaced(value: unknown, numbers: readonly UnreadNumbers[], depth: number): unknown {
  if (typeof value === 'string')
    return value.startsWith(PLACEHOLDER) ? numbers[Number(value.slice(PLACEHOLDER.length))] : value;
  if (typeof value !== 'object' || value === null || depth === MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) replaceItem(value, index, numbers, depth);
  } else {
    for (const key in value) replaceItem(value as Record<string, unknown>, key, numbers, depth);
  }
  return value;
}

function replaceItem<Key extends string | number>(
  items: Record<Key, unknown>,
  key: Key,
  numbers: readonly UnreadNumbers[],
  depth: number,
): void {
  const item = items[key];
  if (typeof item !== 'string' && typeof item !== 'object') return;
  const other = replaced(item, numbers, depth + 1);
  if (other !== item) items[key] = other;
}

/** Finds arrays that probably contain only numbers and arrays of numbers. */
class ArrayFinder {
  private at = 0;
  /** The first quote and the first closing brace from here on. */
  private quote = -1;
  private brace = -1;
  /** The nearer one of them, and the end of what is before it. */
  private stop = -1;
  private end = -1;

  constructor(private readonly json: Buffer) {}

  /** The start and end of the next long array of numbers, outside of strings if the JSON is valid. */
  next(): [start: number, end: number] | undefined {
    const { json } = this;
    for (let steps = 0; this.at < json.length && steps < MOST_STEPS; steps++) {
      const start = this.at;
      const byte = json[this.at++];
      if (byte === QUOTE) this.at = this.endOfString();
      else if (byte === OPEN && this.startsNumber()) {
        const end = this.endOfNumbers(start);
        if (end - start >= SHORTEST_ARRAY) {
          this.at = end;
          return [start, end];
        }
      }
    }
    return undefined;
  }

  /** The index after the string whose first character is here. */
  private endOfString(): number {
    const { json } = this;
    for (let from = this.at; ;) {
      const quote = json.indexOf(QUOTE, from);
      if (quote === -1) return json.length;
      let before = quote;
      while (before > this.at && json[before - 1] === BACKSLASH) before--;
      if ((quote - before) % 2 === 0) return quote + 1;
      from = quote + 1;
    }
  }

  /** Whether the first item of the array here, or of its first array, begins like a number. */
  private startsNumber(): boolean {
    let { at } = this;
    const last = at + LONGEST_START;
    while (at < last && (this.json[at]! <= SPACE || this.json[at] === OPEN)) at++;
    const byte = this.json[at]!;
    return byte >= MINUS && byte <= NINE;
  }

  /** The index after the last bracket before the next string or the end of an object; `start` if there is none. */
  private endOfNumbers(start: number): number {
    const { json } = this;
    if (this.quote < start) this.quote = indexOrEnd(json, QUOTE, start);
    if (this.brace < start) this.brace = indexOrEnd(json, CLOSE_OBJECT, start);
    const stop = Math.min(this.quote, this.brace);
    // Once for all brackets before it, because there may be megabytes of white space.
    if (stop !== this.stop) this.end = this.endBefore((this.stop = stop));
    return json[this.end - 1] === CLOSE ? this.end : start;
  }

  /** The index after the last byte before `stop` that is neither white space nor a comma. */
  private endBefore(stop: number): number {
    const { json } = this;
    let end = stop;
    while (json[end - 1]! <= SPACE || json[end - 1] === COMMA) end--;
    return end;
  }
}

function indexOrEnd(json: Buffer, byte: number, from: number): number {
  const index = json.indexOf(byte, from);
  return index === -1 ? json.length : index;
}
