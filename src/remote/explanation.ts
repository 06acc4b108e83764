/** Maximum number of characters of an explanation. */
const MAX_EXPLANATION = 500;

/**
 * What a target says about an error, for the log and for clients: one line of at most 500 characters. undefined if nothing is
 * left, or if the text contains one of `secrets`.
 */
export function explanationFrom(text: string, secrets: readonly string[]): string | undefined {
  // Control characters could forge lines in a log.
  const line = text.replaceAll(/\p{Cc}+/gu, ' ').trim();
  if (line === '' || secrets.some((secret) => line.includes(secret))) return undefined;
  return line.slice(0, MAX_EXPLANATION).toWellFormed();
}
