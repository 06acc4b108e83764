/** Longest piece of a client's own text that an error repeats. */
const LONGEST_ECHO = 40;

/** `text` quoted, and cut short when it is long. */
export function quote(text: string): string {
  if (text.length <= LONGEST_ECHO) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, LONGEST_ECHO))}... (${text.length} characters)`;
}
