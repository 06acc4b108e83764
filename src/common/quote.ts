/** Maximum number of characters of client input to repeat in an error. */
const LONGEST_ECHO = 40;

/** Quotes `text` as a JSON string, and truncates it if it is long. */
export function quote(text: string): string {
  if (text.length <= LONGEST_ECHO) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, LONGEST_ECHO))}... (${text.length} characters)`;
}
