/** Prints `text` on stderr, because stdout is reserved for the log. */
export function printForPeople(text: string): void {
  process.stderr.write(`${text}\n`);
}
