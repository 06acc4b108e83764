/** What is known of one caller. */
interface Account {
  /** Rows that wait. */
  rows: number;
  /** By priority level: where its next request comes into line. */
  readonly finish: Map<number, number>;
}

/**
 * Fairness between callers: start-time fair queueing (Goyal, Vin and Cheng, 1996). A request's place in line is a moment
 * of virtual time: where the earlier ones of its caller end, but no sooner than what is being served. Whoever sends
 * more than its share waits behind itself, and others pass by.
 */
export class Callers {
  private readonly accounts = new Map<string, Account>();
  /** By priority level: the place of what was served last. */
  private readonly served = new Map<number, number>();

  /** The place in line of a request of `caller`, which is so much work. */
  place(caller: string, level: number, work: number): number {
    const { finish } = this.accountOf(caller);
    const place = Math.max(this.served.get(level) ?? 0, finish.get(level) ?? 0);
    finish.set(level, place + work);
    return place;
  }

  /** A request is being served that had this `place` in line. */
  serve(level: number, place: number): void {
    if (place > (this.served.get(level) ?? 0)) this.served.set(level, place);
  }

  /** `rows` more of `caller` wait; less where negative. */
  wait(caller: string, rows: number): void {
    this.accountOf(caller).rows += rows;
  }

  /** Rows of `caller` that wait. */
  rowsOf(caller: string): number {
    return this.accounts.get(caller)?.rows ?? 0;
  }

  /** How many callers are known: those of whom something waits, or did a moment ago. */
  get size(): number {
    return this.accounts.size;
  }

  /** The caller of whom most rows wait. */
  get largest(): string | undefined {
    let largest: string | undefined;
    let most = 0;
    for (const [caller, { rows }] of this.accounts) if (rows > most) [largest, most] = [caller, rows];
    return largest;
  }

  /** Forgets callers of whom nothing waits and who would get no other place in line if they were new. */
  forget(): void {
    for (const [caller, { rows, finish }] of this.accounts) {
      for (const [level, end] of finish) if (end <= (this.served.get(level) ?? 0)) finish.delete(level);
      if (rows === 0 && finish.size === 0) this.accounts.delete(caller);
    }
  }

  /** Forgets everything: nothing waits, so everybody had their share. */
  clear(): void {
    this.accounts.clear();
    this.served.clear();
  }

  private accountOf(caller: string): Account {
    let account = this.accounts.get(caller);
    if (account === undefined) this.accounts.set(caller, (account = { rows: 0, finish: new Map() }));
    return account;
  }
}
