import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';
import type { InferenceSummary } from '../../observability/log/request-line';
import type { TokenUse } from '../../observability/metrics/token-counts';
import { clientError } from '../../remote/fleet/client-error';
import type { FleetAnswer } from '../../remote/fleet/fleet-request';
import type { ForwardedAnswer } from '../../remote/forwarded';
import { TargetFailure } from '../../remote/target-failure';
import { AnswerUsage } from './answer-usage';
import type { ForwardingAccount } from './forwarding-account';
import { StreamUsage } from './stream-usage';
import type { UsageReader } from './usage-reader';

/** Whether a response with this Content-Type is a stream of server-sent events. */
export function isEventStream(contentType: string): boolean {
  return /^text\/event-stream\b/i.test(contentType);
}

/** A response of the OpenAI API on its way to the client, of which only the head has arrived. */
export class Forwarding {
  /** Whether it is a stream of server-sent events. */
  readonly isEvents: boolean;
  private readonly usage: UsageReader;
  private bytes = 0;
  /** When the first and the last piece of text passed, on the `performance.now()` clock. */
  private firstAt: number | undefined;
  private lastAt = 0;
  private pieces = 0;

  /** @param heartbeatMs silence after which the client gets a comment, in milliseconds; undefined for never. */
  constructor(
    private readonly exchange: FleetAnswer<ForwardedAnswer>,
    private readonly account: ForwardingAccount,
    readonly heartbeatMs: number | undefined,
  ) {
    this.isEvents = isEventStream(exchange.value.contentType);
    this.usage = this.isEvents ? new StreamUsage() : new AnswerUsage();
    const { waitedMs, upstreamMs } = exchange;
    const headMs = performance.now() - account.started;
    account.servable.metrics.targets.overhead.observe(Math.max(0, headMs - waitedMs - upstreamMs) / 1000);
  }

  get answer(): ForwardedAnswer {
    return this.exchange.value;
  }

  /** The id of the target. */
  get target(): string {
    return this.exchange.target.id;
  }

  /** Whether something else can be sent between the events that have passed and the next one. */
  get isBetweenEvents(): boolean {
    return this.isEvents && this.usage.isBetweenEvents;
  }

  /** Reads what passes to the client. */
  passed(chunk: Uint8Array): void {
    this.bytes += chunk.byteLength;
    this.usage.push(chunk);
    const { pieces } = this.usage;
    if (pieces === this.pieces) return;
    this.pieces = pieces;
    this.lastAt = performance.now();
    this.firstAt ??= this.lastAt;
  }

  /** Ends it: the whole response has passed. Repeats do nothing. */
  complete(): InferenceSummary {
    return this.end(undefined);
  }

  /** Ends it: the client has left. Repeats do nothing. */
  abandon(): InferenceSummary {
    return this.end(errors.cancelled());
  }

  /** Ends it: its body broke off with `error`. Repeats do nothing. Returns the error for the client. */
  breakOff(error: Error): { readonly failure: NexusError; readonly summary: InferenceSummary } {
    const { name } = this.account.servable;
    const failure = error instanceof TargetFailure ? clientError(name, error) : errors.internal();
    return { failure, summary: this.end(failure) };
  }

  private end(failure: NexusError | undefined): InferenceSummary {
    const { exchange, account } = this;
    const use = this.use();
    exchange.end(failure !== undefined && failure.kind !== 'cancelled');
    account.complete(use, this.bytes, failure);
    const { name, version } = account.servable;
    return {
      model: name,
      version,
      outcome: failure?.kind ?? 'success',
      rows: 1,
      queueMs: exchange.waitedMs,
      runMs: performance.now() - account.started - exchange.waitedMs,
      target: this.target,
      tokensIn: use.tokensIn,
      tokensOut: use.tokensOut,
    };
  }

  private use(): TokenUse {
    const { firstAt, lastAt, pieces, account } = this;
    const counted = this.usage.usage();
    const tokensOut = counted?.completion ?? pieces;
    const seconds = firstAt === undefined ? 0 : (lastAt - firstAt) / 1000;
    return {
      tokensIn: counted?.prompt ?? account.promptTokens,
      tokensOut,
      firstTokenMs: firstAt === undefined ? undefined : firstAt - account.started,
      tokensPerSecond: seconds > 0 && tokensOut > 1 ? (tokensOut - 1) / seconds : undefined,
    };
  }
}
