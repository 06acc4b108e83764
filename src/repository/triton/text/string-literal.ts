import { type Token, expected } from './tokens';

const PIECE =
  /\\(?:(?<octal>[0-7]{1,3})|[xX](?<hex>[0-9A-Fa-f]{1,2})|u(?<short>[0-9A-Fa-f]{4})|U(?<long>[0-9A-Fa-f]{8})|(?<letter>[abfnrtv?\\'"]))|[^\\]+/y;

const LETTERS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Returns the unescaped text of adjacent string tokens. Escapes can be single bytes; only the concatenated bytes must be
 * valid UTF-8.
 * @throws Fault
 */
export function unescaped(tokens: readonly Token[]): string {
  const bytes = Buffer.concat(tokens.map(bytesOf));
  try {
    return UTF8.decode(bytes);
  } catch {
    throw expected('a UTF-8 string', 'invalid bytes', tokens[0]!.at);
  }
}

function bytesOf(token: Token): Buffer {
  const written = token.text.slice(1, -1);
  const pieces: Buffer[] = [];
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < written.length) {
    const start = PIECE.lastIndex;
    const found = PIECE.exec(written);
    const piece = found === null ? undefined : pieceOf(found);
    if (piece === undefined)
      throw expected('an escape such as \\n, \\" or \\x41', written.slice(start, start + 2), token.at);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The bytes of one piece; undefined for an escape that is not a valid byte or character. */
function pieceOf({ 0: raw, groups = {} }: RegExpExecArray): Buffer | undefined {
  const { octal, hex, short, long, letter } = groups;
  if (letter !== undefined) return Buffer.from(LETTERS[letter] ?? letter);
  const byte = octal === undefined ? hex && Number.parseInt(hex, 16) : Number.parseInt(octal, 8);
  if (typeof byte === 'number') return byte > 255 ? undefined : Buffer.of(byte);
  const digits = short ?? long;
  if (digits === undefined) return Buffer.from(raw);
  const point = Number.parseInt(digits, 16);
  const isCharacter = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  return isCharacter ? Buffer.from(String.fromCodePoint(point)) : undefined;
}
