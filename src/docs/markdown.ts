/** Characters that mean something in Markdown or HTML. */
const SIGNS = /[!"#$%&'()*+,./:;<=>?@[\\\]^_`{|}~-]/g;

/** `text` as it stands on one line of Markdown, whatever it contains, and cut off after `length` characters. */
export function plain(text: string, length: number): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const short = line.length > length ? `${line.slice(0, length).toWellFormed()}…` : line;
  return short.replace(SIGNS, String.raw`\$&`);
}
