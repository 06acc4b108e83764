/** Characters with a meaning in Markdown or HTML. */
const SIGNS = /[!"#$%&'()*+,./:;<=>?@[\\\]^_`{|}~-]/g;

/** Escapes `text` as one line of Markdown, truncated to `length` characters. */
export function plain(text: string, length: number): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const short = line.length > length ? `${line.slice(0, length).toWellFormed()}…` : line;
  return short.replace(SIGNS, String.raw`\$&`);
}
