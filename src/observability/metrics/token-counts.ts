import { Distribution } from './distribution';

/** Upper bounds of the time to the first token, in seconds. */
const FIRST_TOKEN = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Upper bounds of tokens a second. */
const RATES = [1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000];

/** What a request that was forwarded has used. */
export interface TokenUse {
  /** Tokens of the prompt, and of the response. */
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Time from the request to the first token in milliseconds; undefined unless the response was streamed. */
  readonly firstTokenMs: number | undefined;
  /** Tokens a second after the first one; undefined unless the response was streamed and has at least two. */
  readonly tokensPerSecond: number | undefined;
}

/** The tokens of requests to a model version that are forwarded to engines of the OpenAI API. */
export class TokenCounts {
  requests = 0;
  tokensIn = 0;
  tokensOut = 0;
  readonly firstToken = new Distribution(FIRST_TOKEN);
  readonly rate = new Distribution(RATES);

  /** Counts a request that had a response. */
  add({ tokensIn, tokensOut, firstTokenMs, tokensPerSecond }: TokenUse): void {
    this.requests++;
    this.tokensIn += tokensIn;
    this.tokensOut += tokensOut;
    if (firstTokenMs !== undefined) this.firstToken.observe(firstTokenMs / 1000);
    if (tokensPerSecond !== undefined) this.rate.observe(tokensPerSecond);
  }
}
