import type { NexusError } from '../../common/nexus-error';
import type { Caller } from '../../identity/caller';
import type { Passed } from '../../limits/verdict';
import type { Servable } from '../../models/model';
import type { RequestLoad } from '../../observability/metrics/request-load';
import type { TokenUse } from '../../observability/metrics/token-counts';
import { settle } from '../../rate-limit/settle';
import type { UsageLedger } from '../../usage/usage-ledger';
import type { ApiBody } from './api-body';

/** Characters of a token, for estimates. */
const CHARACTERS_PER_TOKEN = 4;

/** What a request that is forwarded costs its client, and how it counts. Marks its version as in use until it has ended. */
export class ForwardingAccount {
  readonly started = performance.now();
  /** What it has taken of limits of requests, and of limits of tokens. */
  spent: Passed | undefined;
  tokens: Passed | undefined;
  /** Estimated tokens of the prompt. */
  readonly promptTokens: number;
  /** Tokens that the request may use, as far as it says so. */
  readonly estimate: number;
  private readonly inputBytes: number;
  private hasEnded = false;

  constructor(
    readonly servable: Servable,
    private readonly caller: Caller,
    { promptCharacters, maxTokens, byteLength }: ApiBody,
    private readonly usage: UsageLedger,
    private readonly load: RequestLoad,
  ) {
    this.promptTokens = Math.max(1, Math.ceil(promptCharacters / CHARACTERS_PER_TOKEN));
    this.estimate = this.promptTokens + maxTokens;
    this.inputBytes = byteLength;
    servable.enter();
    load.started();
  }

  /** Ends a request without a response. */
  fail(failure: NexusError): void {
    if (!this.end(failure)) return;
    // The target read the prompt before the client left. It did not run a request that it rejects.
    if (failure.kind === 'cancelled') this.tokens?.correct('tokens', this.promptTokens);
    else this.tokens?.correct('tokens', 0);
    this.usage.failed(this.caller, this.servable.name);
    this.close(failure);
  }

  /** Ends a request that had a response of `outputBytes`. @param failure why the response is incomplete. */
  complete(use: TokenUse, outputBytes: number, failure: NexusError | undefined): void {
    if (!this.end(failure)) return;
    const { name, metrics } = this.servable;
    const tokens = use.tokensIn + use.tokensOut;
    metrics.forwarded.add(use);
    this.tokens?.correct('tokens', tokens);
    if (failure === undefined)
      this.usage.succeeded(this.caller, name, 1, this.inputBytes, outputBytes, tokens);
    else this.usage.failed(this.caller, name, tokens);
    this.close(failure);
  }

  /** Counts the request. Returns false if it has ended before. */
  private end(failure: NexusError | undefined): boolean {
    if (this.hasEnded) return false;
    this.hasEnded = true;
    const totalMs = performance.now() - this.started;
    this.servable.metrics.request(failure?.kind ?? 'success', failure === undefined ? 1 : 0, { totalMs });
    return true;
  }

  private close(failure: NexusError | undefined): void {
    settle(this.tokens, failure);
    settle(this.spent, failure);
    this.servable.leave();
    this.load.ended();
  }
}
