/** Numbers keep every digit: the standard functions take text through as it is. */
interface ExactJson {
  rawJSON(text: string): object;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
}

const exact = JSON as unknown as ExactJson;

const STRING_OR_TOKEN = /"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g;

/** A number in a parsed answer: the text it was written as. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Makes JSON.stringify write `text` as it stands. */
export function raw(text: string): object {
  return exact.rawJSON(text);
}

/**
 * Parses an answer. Elements of `data` that are numbers become {@link NumberText}. NaN and infinities may be bare, as
 * Triton writes them, or strings.
 */
export function parseAnswer(text: string): unknown {
  const quoted = text.replace(STRING_OR_TOKEN, (token) => (token.startsWith('"') ? token : `"${token}"`));
  return exact.parse(quoted, (key, value, { source }) =>
    // Only elements of an array have a number for their key.
    typeof value === 'number' && source !== undefined && /^\d+$/.test(key) ? new NumberText(source) : value,
  );
}
