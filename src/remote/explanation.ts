import type { Target } from './target';

/** Maximum number of characters of an explanation. */
const MAX_EXPLANATION = 500;

/** Shorter values of headers occur in ordinary messages. */
const MIN_SECRET = 8;

/** The values of the configured headers of `target`, and the keys in them, which no explanation may contain. */
export function secretsOf({ headers }: Target): readonly string[] {
  return Object.values(headers)
    .flatMap((value) => [value, ...value.split(' ')])
    .filter((value) => value.length >= MIN_SECRET);
}

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
