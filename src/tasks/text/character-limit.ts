/** Maximum length of a text in characters per token, so that the work on a text is bounded. */
const CHARACTERS_PER_TOKEN = 250;

/** Maximum length of any text in UTF-16 code units, because it is copied to the thread on the event loop. */
export const MAX_CHARACTERS = 2 ** 19;

/** Maximum length, in UTF-16 code units, of a text for a model that takes `maxTokens` tokens. */
export function characterLimit(maxTokens: number): number {
  return Math.min(maxTokens * CHARACTERS_PER_TOKEN, MAX_CHARACTERS);
}
