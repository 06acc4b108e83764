/** The number of tokens of all texts. */
export class TokenUsage {
  prompt_tokens: number;
  total_tokens: number;
}
