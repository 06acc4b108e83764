import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import type { Trace } from '../../common/trace';
import type { Caller } from '../../identity/caller';
import type { Amounts } from '../../limits/counter';
import type { Passed, Standing } from '../../limits/verdict';
import { RateLimits } from '../../rate-limit/rate-limits';
import { requirePassed } from '../../rate-limit/require-passed';
import type { Forwarder } from '../../models/forwarder';
import type { Servable } from '../../models/model';
import { ModelRegistry } from '../../models/registry/model-registry';
import { RequestLoad } from '../../observability/metrics/request-load';
import type { ForwardedRequest } from '../../remote/forwarded';
import { UsageLedger } from '../../usage/usage-ledger';
import { Fallbacks } from '../fallback/fallbacks';
import type { ApiBody } from './api-body';
import { Forwarding } from './forwarding';
import { ForwardingAccount } from './forwarding-account';
import { traceForwarding } from './trace-forwarding';

/** A request of the OpenAI API. */
interface ApiRequest {
  /** Its model, and the version; undefined to choose one by the traffic split of the model. */
  readonly model: string;
  readonly version: string | undefined;
  /** Path below `/v1`, such as `/chat/completions`. */
  readonly path: string;
  readonly contentType: string;
  readonly body: ApiBody;
  /** Headers that are forwarded, in lower case. */
  readonly headers: ForwardedRequest['headers'];
  /** The session that the client names. */
  readonly session: string | undefined;
  /**
   * Deadline of the beginning of the response on the `performance.now()` clock. From then on, only the time limits of the
   * targets apply.
   */
  readonly deadline: number;
  readonly caller: Caller;
  /** Where its attempts are recorded; undefined for most requests. */
  readonly trace: Trace | undefined;
  /** Returns whether the client has disconnected. */
  readonly abandoned: () => boolean;
  /** Receives the limits that the contents of the request counted against, if there are any, whether it passed or not. */
  readonly limited: (standings: readonly Standing[]) => void;
}

/** The data plane of models that engines of the OpenAI API run: forwards requests, and counts them. */
@Injectable()
export class ForwardingService {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly fallbacks: Fallbacks,
    private readonly limits: RateLimits,
    private readonly usage: UsageLedger,
    private readonly load: RequestLoad,
  ) {}

  /** Whether requests to any model are forwarded. */
  get forwardsAny(): boolean {
    return this.registry.forwards;
  }

  /** Whether requests to `model` are forwarded. False for a model that is not served. */
  forwards(model: string): boolean {
    return this.registry.peek(model)?.versions.some(({ forwarder }) => forwarder !== undefined) === true;
  }

  /**
   * Forwards `request`. Resolves when the head of the response has arrived; the caller must end the result. Rejects with a
   * NexusError: unknown model or version, a model with tensors, no usable target, a mistake in the request, failed targets,
   * exceeded limit or deadline, or disconnected client.
   */
  async forward(request: ApiRequest): Promise<Forwarding> {
    const { caller, model, version } = request;
    if (!caller.sees(model)) throw errors.modelNotFound(model);
    const first = this.fallbacks.route(model, version, caller, true);
    const tried: string[] = [];
    for (let servable = first; ;) {
      try {
        return await this.forwardTo(servable, request);
      } catch (error) {
        tried.push(servable.name);
        const next =
          version === undefined ? this.fallbacks.next(model, error, caller, tried, true) : undefined;
        if (next === undefined) throw error;
        servable = next;
      }
    }
  }

  private async forwardTo(servable: Servable, request: ApiRequest): Promise<Forwarding> {
    const { forwarder } = servable;
    const { path, contentType, headers, caller, abandoned, trace } = request;
    if (forwarder === undefined) throw errors.notApiModel(servable.name, `/v1${path}`);
    const account = new ForwardingAccount(servable, caller, request.body, this.usage, this.load);
    if (trace?.isSampled === true) traceForwarding(trace, servable, request.model, path);
    try {
      await this.admit(servable, request, account);
      const route = { session: sessionOf(forwarder, request), deadline: request.deadline, abandoned, trace };
      const body = new SentBody(request.body);
      const bodyFor = (name: string) => body.bodyFor(name);
      const answer = await forwarder.forward({ path, contentType, headers, bodyFor }, route);
      body.release();
      return new Forwarding(answer, account, forwarder.heartbeatMs);
    } catch (error) {
      account.fail(error instanceof NexusError ? error : errors.internal());
      throw error;
    }
  }

  /**
   * Charges the request to the limits of its client and model, with the tokens that it may use.
   * @throws NexusError rate_limited, above_quota, limits_unavailable
   */
  private async admit(servable: Servable, request: ApiRequest, account: ForwardingAccount): Promise<void> {
    const { byteLength } = request.body;
    const work = { requests: 1, in_flight: 1, rows: 1, input_bytes: byteLength };
    account.spent = await this.charge(servable, request, work);
    account.tokens = await this.charge(servable, request, { tokens: account.estimate });
  }

  private async charge(
    { name, options }: Servable,
    { caller, limited }: ApiRequest,
    amounts: Amounts,
  ): Promise<Passed | undefined> {
    const deciding = this.limits.admitWork(caller, name, options.settings.limits, amounts);
    if (deciding === undefined) return undefined;
    return requirePassed(deciding instanceof Promise ? await deciding : deciding, limited);
  }
}

/** A body that can be sent until the target has answered. A stream must not keep it for minutes. */
class SentBody {
  constructor(private body: ApiBody | undefined) {}

  bodyFor(model: string): readonly Uint8Array[] {
    return this.body!.bodyFor(model);
  }

  release(): void {
    this.body = undefined;
  }
}

/** What keeps the request on one target: the session that the client names, or the beginning of its conversation. */
function sessionOf({ affinity }: Forwarder, { session, body }: ApiRequest): string | undefined {
  if (affinity === 'none') return undefined;
  if (session !== undefined || affinity === 'header' || body.opening === undefined) return session;
  return hash('sha256', body.opening, 'base64url');
}
