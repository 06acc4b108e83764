import { errors } from './errors';
import type { NexusError } from './nexus-error';
import { quote } from './quote';

/** A number, including tokens for values that JSON cannot represent, or a keyword at `lastIndex`. */
const LITERAL = /true|false|null|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const WHOLE = /^-?\d+$/;

/** Limit of the recursion, far below the size of the stack. */
const MAX_NESTING = 1000;

const WORDS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

/**
 * Parses JSON (RFC 8259) without loss of precision: an integer beyond 2^53 becomes a bigint. The bare tokens NaN,
 * Infinity and -Infinity, which Python's json and rapidjson write, become those numbers. It is several times slower
 * than JSON.parse, so use JSON.parse where precision does not matter.
 *
 * @throws invalid if the text is not JSON, has a number beyond the range of a double, or is nested deeper than 1000
 * levels. The message contains the position (UTF-16 units, from 0) and, after the first line, line and column (from 1).
 */
export function parseExactJson(text: string): unknown {
  return new ExactJsonParser(text).document();
}

class ExactJsonParser {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  document(): unknown {
    const value = this.value();
    if (this.peek() !== '') throw this.unexpected('the end');
    return value;
  }

  private value(): unknown {
    switch (this.peek()) {
      case '{':
        return this.nested(() => this.object());
      case '[':
        return this.nested(() => this.array());
      case '"':
        return this.string();
      default:
        return this.literal();
    }
  }

  private nested(parse: () => unknown): unknown {
    if (++this.depth > MAX_NESTING) throw this.invalid(`nesting deeper than ${MAX_NESTING} levels`);
    const value = parse();
    this.depth--;
    return value;
  }

  private object(): unknown {
    // No prototype, so that `__proto__` is an ordinary key.
    const object = Object.create(null) as Record<string, unknown>;
    this.at++;
    if (this.accept('}')) return object;
    do {
      if (this.peek() !== '"') throw this.unexpected('a key in double quotes');
      const key = this.string();
      if (!this.accept(':')) throw this.unexpected("':'");
      object[key] = this.value();
    } while (this.accept(','));
    if (!this.accept('}')) throw this.unexpected("',' or '}'");
    return object;
  }

  private array(): unknown {
    const array: unknown[] = [];
    this.at++;
    if (this.accept(']')) return array;
    do array.push(this.value());
    while (this.accept(','));
    if (!this.accept(']')) throw this.unexpected("',' or ']'");
    return array;
  }

  private string(): string {
    let end = this.at;
    do {
      end = this.text.indexOf('"', end + 1);
      if (end === -1) throw this.invalid('unterminated string');
    } while (this.isEscaped(end));
    try {
      const value = JSON.parse(this.text.slice(this.at, end + 1)) as string;
      this.at = end + 1;
      return value;
    } catch {
      throw this.invalid('invalid escape or control character in the string');
    }
  }

  private isEscaped(quoteAt: number): boolean {
    let before = quoteAt;
    while (this.text.charCodeAt(before - 1) === 0x5c) before--;
    return (quoteAt - before) % 2 === 1;
  }

  private literal(): unknown {
    LITERAL.lastIndex = this.at;
    if (!LITERAL.test(this.text)) throw this.unexpected('a value');
    const token = this.text.slice(this.at, LITERAL.lastIndex);
    const value = WORDS.has(token) ? WORDS.get(token) : this.number(token);
    this.at += token.length;
    return value;
  }

  private number(token: string): number | bigint {
    const value = Number(token);
    if (!Number.isFinite(value)) {
      throw this.invalid(`number ${quote(token)} exceeds the range of a double`);
    }
    return Number.isInteger(value) && !Number.isSafeInteger(value) && WHOLE.test(token)
      ? BigInt(token)
      : value;
  }

  /** The next character that is not white space; empty at the end of the text. */
  private peek(): string {
    SPACE.lastIndex = this.at;
    SPACE.test(this.text);
    this.at = SPACE.lastIndex;
    return this.text.charAt(this.at);
  }

  private accept(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }

  private unexpected(expected: string): NexusError {
    const character = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
    const got = this.at < this.text.length ? JSON.stringify(character) : 'the end';
    return this.invalid(`expected ${expected}, got ${got}`);
  }

  private invalid(what: string): NexusError {
    return errors.invalidInput(`the body is not valid JSON: ${what} at position ${this.at}${this.line()}`);
  }

  /** The position as line and column, as editors count them; empty on the first line. */
  private line(): string {
    const lines = this.text.slice(0, this.at).split('\n');
    return lines.length === 1 ? '' : ` (line ${lines.length}, column ${lines.at(-1)!.length + 1})`;
  }
}
