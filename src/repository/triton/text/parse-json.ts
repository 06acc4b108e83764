import { withoutByteOrderMark } from '../../../common/json-text';
import type { TextField, Value } from './parse-text';
import { expected, Tokens } from './tokens';

/** Maximum nesting of objects and arrays, so that deep input is rejected before the stack overflows. */
const MAX_DEPTH = 64;

/** Numbers in JSON. Excludes those that only the text format allows: 017, 0x1, 1., .5 and 1f. */
const NUMBER = /^(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

const WORDS: readonly string[] = ['true', 'false', 'null'];

/**
 * Parses a JSON object (RFC 8259) into the form of the text format, with the position of every key: an object is a
 * message, an array is a list, and true, false and null are identifiers. Comments that start with # are ignored.
 * Takes time linear in the length of `text`.
 * @throws Fault
 */
export function parseJson(text: string): readonly TextField[] {
  const tokens = new Tokens(withoutByteOrderMark(text));
  if (tokens.next.text !== '{') throw wrong('{', tokens);
  const fields = parseObject(tokens, 0);
  if (tokens.next.kind !== 'end') throw wrong('the end of the text', tokens);
  return fields;
}

function parseObject(tokens: Tokens, depth: number): readonly TextField[] {
  const fields = new Map<string, TextField>();
  tokens.take();
  if (tokens.skip('}')) return [];
  do {
    const { text, at } = tokens.next;
    const name = parseString('a key in double quotes', tokens);
    if (fields.has(name)) throw expected('each key once', `a second ${text}`, at);
    if (!tokens.skip(':')) throw wrong(':', tokens);
    fields.set(name, { name, value: parseValue(tokens, depth), at });
  } while (tokens.skip(','));
  if (!tokens.skip('}')) throw wrong(', or }', tokens);
  return [...fields.values()];
}

function parseValue(tokens: Tokens, depth: number): Value {
  const { kind, text, at } = tokens.next;
  if (text === '{' || text === '[') return parseNested(tokens, depth + 1);
  if (kind === 'string') return { kind, text: parseString('a value', tokens), at };
  if (kind === 'number' || text === '-') return parseNumber(tokens);
  if (!WORDS.includes(text)) throw wrong('a value', tokens);
  tokens.take();
  return { kind: 'identifier', text, at };
}

function parseNested(tokens: Tokens, depth: number): Value {
  const { text, at } = tokens.next;
  if (depth > MAX_DEPTH) throw expected(`at most ${MAX_DEPTH} nested values`, 'one more', at);
  if (text === '{') return { kind: 'message', fields: parseObject(tokens, depth), at };
  return { kind: 'list', items: parseArray(tokens, depth), at };
}

function parseArray(tokens: Tokens, depth: number): readonly Value[] {
  const items: Value[] = [];
  tokens.take();
  if (tokens.skip(']')) return items;
  do items.push(parseValue(tokens, depth));
  while (tokens.skip(','));
  if (!tokens.skip(']')) throw wrong(', or ]', tokens);
  return items;
}

function parseNumber(tokens: Tokens): Value {
  const { at } = tokens.next;
  const sign = tokens.skip('-') ? '-' : '';
  const { text } = tokens.next;
  if (!NUMBER.test(text)) throw wrong('a number', tokens);
  tokens.take();
  return { kind: 'number', text: sign + text, at };
}

/** @param what describes the string in the error if it is missing. */
function parseString(what: string, tokens: Tokens): string {
  const { text } = tokens.next;
  if (!text.startsWith('"')) throw wrong(what, tokens);
  const string = stringOf(text);
  if (string === undefined) throw wrong('a string with valid JSON escapes', tokens);
  tokens.take();
  return string;
}

function stringOf(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
}

function wrong(what: string, { next }: Tokens) {
  return expected(what, next.text, next.at);
}
