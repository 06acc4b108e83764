/** What is known of one caller. */
interface Account {
  /** Rows that wait. */
  backlog: number;
  /** By priority level: the finish tag of its last request. */
  readonly finishTags: Map<number, number>;
}

/**
 * Fairness between callers: start-time fair queueing (Goyal, Vin and Cheng, 1996). A request's start tag is a moment of
 * virtual time: the finish tag of its caller's request before, but no sooner than now. The request with the lowest
 * start tag runs first, so a caller that sends more than its share waits behind itself, and others pass.
 */
export class FairQueueing {
  private readonly accounts = new Map<string, Account>();
  /** By priority level: the start tag of the request that was served last. */
  private readonly virtualTime = new Map<number, number>();

  /** The start tag of a request of `caller`, which is so much `work`. */
  startTag(caller: string, level: number, work: number): number {
    const { finishTags } = this.accountOf(caller);
    const startTag = Math.max(this.virtualTime.get(level) ?? 0, finishTags.get(level) ?? 0);
    finishTags.set(level, startTag + work);
    return startTag;
  }

  /** The request with this `startTag` is served: virtual time advances to it. */
  serve(level: number, startTag: number): void {
    if (startTag > (this.virtualTime.get(level) ?? 0)) this.virtualTime.set(level, startTag);
  }

  /** `rows` more of `caller` wait; fewer where negative. */
  addBacklog(caller: string, rows: number): void {
    this.accountOf(caller).backlog += rows;
  }

  /** Rows of `caller` that wait. */
  backlogOf(caller: string): number {
    return this.accounts.get(caller)?.backlog ?? 0;
  }

  /** How many callers are known: those with a backlog, now or a moment ago. */
  get size(): number {
    return this.accounts.size;
  }

  /** The caller with the largest backlog; undefined when nothing waits. */
  get mostBacklogged(): string | undefined {
    let caller: string | undefined;
    let most = 0;
    for (const [name, { backlog }] of this.accounts) if (backlog > most) [caller, most] = [name, backlog];
    return caller;
  }

  /** Forgets callers that have no backlog and would get the same start tag if they were new. */
  prune(): void {
    for (const [caller, { backlog, finishTags }] of this.accounts) {
      for (const [level, tag] of finishTags)
        if (tag <= (this.virtualTime.get(level) ?? 0)) finishTags.delete(level);
      if (backlog === 0 && finishTags.size === 0) this.accounts.delete(caller);
    }
  }

  /** Forgets everything: the queue is empty, so every caller has had its share. */
  clear(): void {
    this.accounts.clear();
    this.virtualTime.clear();
  }

  private accountOf(caller: string): Account {
    let account = this.accounts.get(caller);
    if (account === undefined) this.accounts.set(caller, (account = { backlog: 0, finishTags: new Map() }));
    return account;
  }
}
