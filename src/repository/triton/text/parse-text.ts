import type { Position } from './fault';
import { unescaped } from './string-literal';
import { expected, Tokens, type Token } from './tokens';

/** A field in the text, parsed without knowledge of its type. */
export interface TextField {
  readonly name: string;
  readonly value: Value;
  readonly at: Position;
}

/** A value by its syntax. Numbers keep their notation and sign; strings are unquoted and unescaped. */
export type Value =
  | { readonly kind: 'string' | 'number' | 'identifier'; readonly text: string; readonly at: Position }
  | { readonly kind: 'message'; readonly fields: readonly TextField[]; readonly at: Position }
  | { readonly kind: 'list'; readonly items: readonly Value[]; readonly at: Position };

/** Maximum nesting of messages, so that deep input is rejected before the stack overflows. */
const MAX_DEPTH = 64;

/** Identifiers that can follow a sign. */
const NAMED_NUMBER = /^(?:inf|infinity|nan)f?$/i;

/**
 * Parses a message in the protobuf text format without knowledge of its type. Extensions and `Any` are rejected.
 * Takes time linear in the length of `text`.
 * @throws Fault
 */
export function parseText(text: string): readonly TextField[] {
  const tokens = new Tokens(text);
  return fieldsUntil('', tokens, 0);
}

/** Parses fields up to and including the symbol `close`; '' stands for the end of the text. */
function fieldsUntil(close: string, tokens: Tokens, depth: number): readonly TextField[] {
  const fields: TextField[] = [];
  for (;;) {
    const { kind, text } = tokens.next;
    if (close === '' ? kind === 'end' : kind === 'symbol' && text === close) break;
    fields.push(parseField(close, tokens, depth));
  }
  if (close !== '') tokens.take();
  return fields;
}

function parseField(close: string, tokens: Tokens, depth: number): TextField {
  const { kind, text: name, at } = tokens.next;
  if (name === '[' && kind === 'symbol')
    throw expected('a field name (extensions and Any are not supported)', '[', at);
  if (kind !== 'identifier') throw wrong(close === '' ? 'a field name' : `a field name or ${close}`, tokens);
  tokens.take();
  const scalarsAllowed = tokens.skip(':');
  const value = parseValue(tokens, depth, scalarsAllowed);
  if (!tokens.skip(',')) tokens.skip(';');
  return { name, value, at };
}

function parseValue(tokens: Tokens, depth: number, scalarsAllowed: boolean): Value {
  const { kind, text, at } = tokens.next;
  if (kind === 'symbol' && text === '[') return parseList(tokens, depth, scalarsAllowed);
  if (kind === 'symbol' && (text === '{' || text === '<')) return parseMessage(tokens, depth);
  if (!scalarsAllowed) throw wrong(': or {', tokens);
  if (kind === 'string') return { kind, text: parseString(tokens), at };
  if (kind === 'symbol' && text === '-') return parseNegative(tokens);
  if (kind !== 'number' && kind !== 'identifier') throw wrong('a value', tokens);
  tokens.take();
  return { kind, text, at };
}

function parseMessage(tokens: Tokens, depth: number): Value {
  const { text, at } = tokens.take();
  if (depth === MAX_DEPTH) throw expected(`at most ${MAX_DEPTH} nested messages`, 'one more', at);
  return { kind: 'message', fields: fieldsUntil(text === '{' ? '}' : '>', tokens, depth + 1), at };
}

/** Parses a list of scalars or messages. Lists cannot be nested. */
function parseList(tokens: Tokens, depth: number, scalarsAllowed: boolean): Value {
  const { at } = tokens.take();
  const items: Value[] = [];
  if (tokens.skip(']')) return { kind: 'list', items, at };
  do {
    if (tokens.next.kind === 'symbol' && tokens.next.text === '[') throw wrong('a value', tokens);
    items.push(parseValue(tokens, depth, scalarsAllowed));
  } while (tokens.skip(','));
  if (!tokens.skip(']')) throw wrong(', or ]', tokens);
  return { kind: 'list', items, at };
}

function parseNegative(tokens: Tokens): Value {
  const { at } = tokens.take();
  const { kind, text } = tokens.next;
  if (kind !== 'number' && !(kind === 'identifier' && NAMED_NUMBER.test(text)))
    throw wrong('a number after -', tokens);
  tokens.take();
  return { kind: 'number', text: `-${text}`, at };
}

/** Parses a string. Adjacent string literals are concatenated. */
function parseString(tokens: Tokens): string {
  const parts: Token[] = [];
  while (tokens.next.kind === 'string') parts.push(tokens.take());
  return unescaped(parts);
}

function wrong(what: string, { next }: Tokens) {
  return expected(what, next.text, next.at);
}
