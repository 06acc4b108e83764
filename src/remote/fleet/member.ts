import { Ejections } from '../../balancing/ejections';
import { OutlierRecord } from '../../balancing/outlier-record';
import type { Loaded } from '../../balancing/power-of-two';
import { rendezvousHash, type RendezvousNode } from '../../balancing/rendezvous';
import { slowStart } from '../../balancing/slow-start';
import type { Connection } from '../connection';
import type { Target } from '../target';
import type { TargetStatus } from './fleet-request';

/** A target of a fleet with what is known of it. */
export class Member<C extends Connection> implements Loaded, RendezvousNode {
  readonly hash: number;
  /** Whether it is in another region than the gateway. */
  readonly isForeign: boolean;
  inFlight = 0;
  share: number;
  /** Whether health checks reach it. */
  reach: 'unknown' | 'up' | 'down' = 'unknown';
  /** Why it is not used; empty if it is. */
  reason = '';
  /** Until when it is used only if no other target can be, because it is overloaded or its last health check failed. */
  avoidedUntil = 0;
  readonly record = new OutlierRecord();
  readonly ejections = new Ejections();
  private inUseSince = -Infinity;

  constructor(
    readonly target: Target,
    readonly connection: C,
    region: string | undefined,
  ) {
    this.hash = rendezvousHash(target.id);
    this.share = target.weight;
    this.isForeign = region !== undefined && target.region !== undefined && target.region !== region;
  }

  get weight(): number {
    return this.target.weight;
  }

  get isFull(): boolean {
    return this.inFlight >= this.target.maxInFlight;
  }

  get isEjected(): boolean {
    return this.ejections.until > 0;
  }

  /** Whether it may receive requests. */
  get isUsable(): boolean {
    return this.reach !== 'down' && this.ejections.until === 0;
  }

  /** Whether its health check passed, and it is not ejected. */
  get isHealthy(): boolean {
    return this.reach === 'up' && this.ejections.until === 0;
  }

  /** Brings it into use, with a small share that grows. */
  enterUse(now: number): void {
    this.inUseSince = now;
    this.reason = '';
    this.avoidedUntil = 0;
    this.record.reset();
  }

  /** Sets its share at this moment. */
  updateShare(now: number): void {
    this.share = this.target.weight * slowStart(now - this.inUseSince);
  }

  get status(): TargetStatus {
    const { target, reason, inFlight } = this;
    return { target, state: this.state, reason, inFlight };
  }

  private get state(): TargetStatus['state'] {
    if (this.reach === 'down') return 'unreachable';
    if (this.isEjected) return 'ejected';
    return this.reach === 'up' ? 'healthy' : 'unknown';
  }
}
