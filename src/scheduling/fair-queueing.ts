/** State of one caller. */
interface Account {
  /** Queued rows. */
  backlog: number;
  /** Cost of the queued rows. */
  work: number;
  /** Finish tag of the last request, by priority level. */
  readonly finishTags: Map<number, number>;
}

/**
 * Fairness between callers: start-time fair queueing (Goyal, Vin and Cheng, 1996). The start tag of a request is the
 * finish tag of the caller's previous request or the current virtual time, whichever is later. The request with the
 * lowest start tag runs first, so a caller that sends more than its share delays only its own requests.
 */
export class FairQueueing {
  private readonly accounts = new Map<string, Account>();
  /** Start tag of the most recently served request, by priority level. */
  private readonly virtualTime = new Map<number, number>();

  /**
   * Returns the start tag of a request of `caller` with a cost of `work`, and advances the finish tag of the caller.
   */
  startTag(caller: string, level: number, work: number): number {
    const { finishTags } = this.accountOf(caller);
    const startTag = Math.max(this.virtualTime.get(level) ?? 0, finishTags.get(level) ?? 0);
    finishTags.set(level, startTag + work);
    return startTag;
  }

  /** Records that the request with `startTag` is served: virtual time advances to it. */
  serve(level: number, startTag: number): void {
    if (startTag > (this.virtualTime.get(level) ?? 0)) this.virtualTime.set(level, startTag);
  }

  /** Adds `rows`, which cost `work`, to the backlog of `caller`. Both may be negative. */
  addBacklog(caller: string, rows: number, work: number): void {
    const account = this.accountOf(caller);
    account.backlog += rows;
    account.work += work;
  }

  /** Queued rows of `caller`. */
  backlogOf(caller: string): number {
    return this.accounts.get(caller)?.backlog ?? 0;
  }

  /** Cost of the queued rows of `caller`. */
  workOf(caller: string): number {
    return this.accounts.get(caller)?.work ?? 0;
  }

  /** Number of tracked callers: those with a backlog, now or recently. */
  get size(): number {
    return this.accounts.size;
  }

  /** The caller with the largest backlog; undefined if nothing is queued. */
  get mostBacklogged(): string | undefined {
    let caller: string | undefined;
    let most = 0;
    for (const [name, { backlog }] of this.accounts) if (backlog > most) [caller, most] = [name, backlog];
    return caller;
  }

  /** Removes callers without a backlog that would get the same start tag as a new caller. */
  prune(): void {
    for (const [caller, { backlog, finishTags }] of this.accounts) {
      for (const [level, tag] of finishTags)
        if (tag <= (this.virtualTime.get(level) ?? 0)) finishTags.delete(level);
      if (backlog === 0 && finishTags.size === 0) this.accounts.delete(caller);
    }
  }

  /** Resets all state. Call it when the queue is empty, because every caller has then had its share. */
  clear(): void {
    this.accounts.clear();
    this.virtualTime.clear();
  }

  private accountOf(caller: string): Account {
    let account = this.accounts.get(caller);
    if (account === undefined)
      this.accounts.set(caller, (account = { backlog: 0, work: 0, finishTags: new Map() }));
    return account;
  }
}
