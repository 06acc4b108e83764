import { Fault, type Position } from './fault';

/** A token of the protobuf text format, unchanged from the text. */
export interface Token {
  readonly kind: 'identifier' | 'number' | 'string' | 'symbol' | 'end';
  readonly text: string;
  readonly at: Position;
}

const BLANK = /(?:[ \t\n\v\f\r]+|#[^\n]*)*/y;
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER =
  /(?:0[xX][0-9A-Fa-f]+|0[0-7]+|(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?)(?![\w.])/y;
const SYMBOLS = '{}<>[]:;,-';
/** Characters of a string up to the next special character. */
const PLAIN = /[^"'\\\n\0]*/y;
/** Matches invalid text to show in an error. */
const STRANGE = /[\w.+]+|[^]/uy;

/** Splits a text into tokens with one token of lookahead, in time linear in its length. */
export class Tokens {
  private offset = 0;
  private line = 1;
  private lineStart = 0;
  /** The next token; of kind `end` after the last one. */
  next: Token;

  /** @throws Fault if the text does not start with a valid token. */
  constructor(private readonly text: string) {
    this.next = this.scan();
  }

  /** Consumes and returns the next token. @throws Fault if the text after it is not a valid token. */
  take(): Token {
    const token = this.next;
    this.next = this.scan();
    return token;
  }

  /** Consumes the next token if it is the symbol `text`. Returns whether it was. */
  skip(text: string): boolean {
    const found = this.next.kind === 'symbol' && this.next.text === text;
    if (found) this.take();
    return found;
  }

  private scan(): Token {
    this.countLines(this.match(BLANK));
    const at = { line: this.line, column: this.offset - this.lineStart + 1 };
    const first = this.text.charAt(this.offset);
    if (first === '') return { kind: 'end', text: '', at };
    if (first === '"' || first === "'") return { kind: 'string', text: this.quoted(first, at), at };
    const identifier = this.match(IDENTIFIER);
    if (identifier !== '') return { kind: 'identifier', text: identifier, at };
    const number = this.match(NUMBER);
    if (number !== '') return { kind: 'number', text: number, at };
    if (!SYMBOLS.includes(first)) throw expected('a field or a value', this.match(STRANGE), at);
    this.offset++;
    return { kind: 'symbol', text: first, at };
  }

  private countLines(blank: string): void {
    const start = this.offset - blank.length;
    for (let end = blank.indexOf('\n'); end >= 0; end = blank.indexOf('\n', end + 1)) {
      this.line++;
      this.lineStart = start + end + 1;
    }
  }

  /** Reads a string with its quotes. Escapes are kept; escaped quotes do not end the string. */
  private quoted(quote: string, at: Position): string {
    const start = this.offset++;
    for (;;) {
      this.match(PLAIN);
      const stop = this.text.charAt(this.offset++);
      if (stop === quote) return this.text.slice(start, this.offset);
      if (stop === '\\' && this.text.charAt(this.offset) !== '\n') this.offset++;
      else if (stop !== '"' && stop !== "'")
        throw expected(`${quote} at the end of the string`, stop === '' ? '' : 'the end of the line', at);
    }
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.offset += found.length;
    return found;
  }
}

/** Fault `expected ..., got ...` at the position `at`; '' stands for the end of the text. */
export function expected(what: string, got: string, at: Position): Fault {
  const shown = got.length > 40 ? `${got.slice(0, 40)}...` : got;
  return new Fault(at, `expected ${what}, got ${shown === '' ? 'the end of the text' : shown}`);
}
