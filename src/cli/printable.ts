import { stripVTControlCharacters } from 'node:util';

/** Characters that move the cursor, change the terminal, or change the order in which text is displayed. */
const UNSAFE = /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** `text` of a server in one line, without characters that a terminal interprets. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(UNSAFE, ' ');
}
