import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Config } from '../config/config';
import { Authenticator } from '../identity/authenticator';
import type { Caller } from '../identity/caller';
import { type Amounts, chargesOf, Counter, countersOf, type QuotaCharge } from '../limits/counter';
import { Limiter } from '../limits/limiter';
import { LocalLimiter } from '../limits/local-limiter';
import { quotasOf, type QuotaSettings } from '../limits/quota';
import type { Verdict } from '../limits/verdict';

/** Maximum number of addresses whose counters are kept; making them anew takes 2 us. */
const MAX_ADDRESSES = 10_000;

const ONE_REQUEST: Amounts = { requests: 1, in_flight: 1 };

/** The counters of a client that has authenticated. */
interface CallersCounters {
  /** Of its requests, at the edge. */
  readonly edge: readonly QuotaCharge[];
  /** Of what its requests contain. */
  readonly work: readonly Counter[];
  /** The settings of its tenant that they were made of. */
  readonly tenant: unknown;
}

/** Charges requests to the limits of their clients, tenants and models. */
@Injectable()
export class RateLimits {
  private readonly counters = new WeakMap<Caller, CallersCounters>();
  private readonly addresses = new LRUCache<string, readonly QuotaCharge[]>({ max: MAX_ADDRESSES });
  private readonly models = new WeakMap<object, readonly Counter[]>();
  /** Of strangers. Where clients must authenticate, no stranger causes a call to Redis. */
  private readonly strangers: Limiter;

  constructor(
    private readonly limiter: Limiter,
    local: LocalLimiter,
    private readonly authenticator: Authenticator,
    private readonly config: Config,
  ) {
    this.strangers = authenticator.isOn ? local.limiter : limiter;
  }

  /**
   * Charges one request to the limits of `caller` and its tenant, before its body is read. undefined if nothing limits it.
   * @throws NexusError limits_unavailable, or rejects with it.
   */
  admit(caller: Caller): Verdict | Promise<Verdict> | undefined {
    const isStranger = caller.key === undefined;
    const charges = isStranger ? this.chargesOfAddress(caller.id) : this.countersOf(caller).edge;
    if (charges.length === 0) return undefined;
    return (isStranger ? this.strangers : this.limiter).take(charges);
  }

  /**
   * Charges the contents of a request to the limits of `caller`, its tenant and `model`, before it runs. undefined if
   * nothing limits them.
   * @param limits of the model, as in model.yaml.
   * @param amounts units that are now known. Those of one request may be charged one after another.
   * @throws NexusError limits_unavailable, or rejects with it.
   */
  admitWork(
    caller: Caller,
    model: string,
    limits: QuotaSettings | undefined,
    amounts: Amounts,
  ): Verdict | Promise<Verdict> | undefined {
    const ofCaller = caller.key === undefined ? [] : this.countersOf(caller).work;
    const ofModel = limits === undefined ? [] : this.countersOfModel(model, limits);
    if (ofCaller.length === 0 && ofModel.length === 0) return undefined;
    const counters = ofModel.length === 0 ? ofCaller : [...ofCaller, ...ofModel];
    const charges = chargesOf(counters, amounts);
    return charges.length === 0 ? undefined : this.limiter.take(charges);
  }

  /**
   * Charges one request as {@link admit}, and calls `decided` with the verdict, or `failed` with the error. Synchronous
   * unless Redis is asked, because awaiting a promise would cost more than the decision.
   */
  decide(
    caller: Caller,
    decided: (verdict: Verdict | undefined) => void,
    failed: (error: unknown) => void,
  ): void {
    let verdict: ReturnType<RateLimits['admit']>;
    try {
      verdict = this.admit(caller);
    } catch (error) {
      return failed(error);
    }
    if (verdict instanceof Promise) verdict.then(decided, failed);
    else decided(verdict);
  }

  private chargesOfAddress(address: string): readonly QuotaCharge[] {
    let charges = this.addresses.get(address);
    if (charges === undefined)
      this.addresses.set(address, (charges = chargesOf(this.standard('address', address), ONE_REQUEST)));
    return charges;
  }

  private countersOf(caller: Caller): CallersCounters {
    const known = this.counters.get(caller);
    const tenant = caller.tenant!;
    const quotas = this.authenticator.quotasOf(tenant);
    if (known?.tenant === quotas) return known;
    const own = countersOf('key', caller.id, caller.quotas);
    const isLimited = own.some(({ unit }) => unit === 'requests');
    const ofKey = isLimited ? own : [...own, ...this.standard('key', caller.id)];
    const all = [...ofKey, ...countersOf('tenant', tenant, quotas)];
    const isEdge = ({ unit }: Counter) => unit === 'requests' || unit === 'in_flight';
    const made = {
      edge: chargesOf(all.filter(isEdge), ONE_REQUEST),
      work: all.filter((counter) => !isEdge(counter)),
      tenant: quotas,
    };
    this.counters.set(caller, made);
    return made;
  }

  private countersOfModel(name: string, limits: QuotaSettings): readonly Counter[] {
    let counters = this.models.get(limits);
    if (counters === undefined)
      this.models.set(limits, (counters = countersOf('model', name, quotasOf(limits))));
    return counters;
  }

  /** The limit of clients without one of their own. */
  private standard(kind: 'key' | 'address', holder: string): readonly Counter[] {
    const { rateLimit, rateLimitWindowS } = this.config;
    if (rateLimit === 0) return [];
    return [new Counter(kind, holder, 'requests', 'requests', rateLimit, rateLimitWindowS * 1000)];
  }
}
