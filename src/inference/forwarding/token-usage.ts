/** The tokens of a request, as a target counts them. */
export interface CountedTokens {
  readonly prompt: number;
  readonly completion: number;
}

/**
 * The tokens in a `usage` object of the OpenAI API: of completions and embeddings (`prompt_tokens`), or of responses
 * (`input_tokens`). Undefined for anything else.
 */
export function countedTokens(usage: unknown): CountedTokens | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined;
  const counts = usage as Readonly<Record<string, unknown>>;
  const prompt = wholeOf(counts['prompt_tokens'] ?? counts['input_tokens']);
  if (prompt === undefined) return undefined;
  const completion = wholeOf(counts['completion_tokens'] ?? counts['output_tokens']) ?? 0;
  return { prompt, completion };
}

/** No request has more tokens. A target that reports more is not believed. */
const MOST = 1e9;

function wholeOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= MOST
    ? Number(value)
    : undefined;
}
