import { randomUUID } from 'node:crypto';
import type { RedisConnection } from '../../redis/redis-connection';
import type { QuotaCharge } from '../counter';
import { Message } from './message';
import { TAKE } from './take-script';

/** Maximum number of different takes per call, which keep Redis busy for a few milliseconds. */
const MAX_TAKES = 500;

/** Maximum number of requests that wait for a decision. Others do not wait. */
const MAX_WAITING = 10_000;

/** The decision of Redis on a take. Arrays are in the order of the charges. */
export interface Decision {
  /** Index of the charge that refuses it; -1 if it passes. */
  readonly refusedBy: number;
  /** Time until it passes; -1 if never. */
  readonly waitMs: number;
  readonly remaining: readonly number[];
  readonly resetMs: readonly number[];
  /** Units leased. */
  readonly leased: readonly number[];
  /** The second of the server in which they were leased. */
  readonly second: number;
  /** When the call was sent, on the `performance.now()` clock. */
  readonly sentAt: number;
}

interface Ask {
  readonly charges: readonly QuotaCharge[];
  readonly extras: readonly (number | string)[];
  readonly since: number;
  readonly settle: (decision: Decision | undefined) => void;
}

/**
 * Sends messages to Redis, one at a time. What comes up while one is under way goes with the next, so under load a call
 * decides many requests.
 */
export class Exchange {
  /** Identifies this gateway. */
  readonly gateway = randomUUID();
  /** Number of gateways that Redis has heard of lately. */
  gateways = 1;
  private asks: Ask[] = [];
  private notes: ((message: Message) => void)[] = [];
  private leaves = false;
  private running: Promise<void> | undefined;

  constructor(private readonly redis: Pick<RedisConnection, 'evaluate' | 'timeoutMs'>) {}

  /** Asks for a decision; undefined if Redis does not give one in time. Never rejects. See {@link Message.take}. */
  ask(charges: readonly QuotaCharge[], extras: readonly (number | string)[]): Promise<Decision | undefined> {
    if (this.asks.length >= MAX_WAITING) return Promise.resolve(undefined);
    return new Promise((settle) => {
      this.asks.push({ charges, extras, since: performance.now(), settle });
      this.start();
    });
  }

  /** Adds to the next message. It is lost if Redis is not available. */
  tell(note: (message: Message) => void): void {
    this.notes.push(note);
    this.start();
  }

  /** Sends the rest, and that this gateway ends. */
  async close(): Promise<void> {
    this.leaves = true;
    // The message under way may not say so.
    this.tell(() => {});
    await this.running;
  }

  private start(): void {
    this.running ??= this.run();
  }

  private async run(): Promise<void> {
    // What is asked in the same turn goes with the same message.
    await Promise.resolve();
    do {
      const takes = this.nextTakes();
      this.giveUp();
      await this.send(takes, this.notes.splice(0));
    } while (this.asks.length > 0 || this.notes.length > 0);
    this.running = undefined;
  }

  /**
   * Ends the questions that no call had room for while Redis was slow. Those that go with the next call wait for it, because
   * a busy gateway gets to them late although Redis answers at once.
   */
  private giveUp(): void {
    const tooLate = performance.now() - this.redis.timeoutMs;
    const inTime = this.asks.findIndex(({ since }) => since > tooLate);
    const late = inTime < 0 ? this.asks.splice(0) : this.asks.splice(0, inTime);
    for (const { settle } of late) settle(undefined);
  }

  /** Takes questions off the queue. Consecutive ones with the same charges are together, because Redis decides them as one. */
  private nextTakes(): readonly (readonly Ask[])[] {
    const takes: Ask[][] = [];
    let taken = 0;
    for (const ask of this.asks) {
      const last = takes.at(-1);
      if (last !== undefined && isSame(last[0]!, ask)) last.push(ask);
      else if (takes.length === MAX_TAKES) break;
      else takes.push([ask]);
      taken++;
    }
    this.asks.splice(0, taken);
    return takes;
  }

  private async send(
    takes: readonly (readonly Ask[])[],
    notes: readonly ((message: Message) => void)[],
  ): Promise<void> {
    const message = new Message(this.gateway, this.leaves);
    for (const note of notes) note(message);
    for (const take of takes) message.take(take.length, take[0]!.charges, take[0]!.extras);
    const sentAt = performance.now();
    const reply = await this.redis.evaluate(TAKE, message.keys, [message.toString()]);
    const [second, gateways, ...states] = Array.isArray(reply)
      ? (reply as [number, number, ...number[][]])
      : [0, this.gateways];
    this.gateways = Math.max(1, gateways);
    for (const [index, take] of takes.entries()) {
      const [passes = 0, ...state] = states[index] ?? [];
      const decision = state.length === 0 ? undefined : decisionOf(state, second, sentAt);
      const pass = decision && { ...decision, refusedBy: -1 };
      for (const [position, { settle }] of take.entries()) settle(position < passes ? pass : decision);
    }
  }
}

/** Whether two questions have the same charges, and neither asks for more. */
function isSame(one: Ask, other: Ask): boolean {
  const { charges, extras } = one;
  return (
    charges.length === other.charges.length &&
    charges.every(
      ({ counter, amount }, index) =>
        extras[index] === 0 &&
        other.extras[index] === 0 &&
        other.charges[index]!.counter === counter &&
        other.charges[index]!.amount === amount,
    )
  );
}

function decisionOf(state: readonly number[], second: number, sentAt: number): Decision {
  const [refused = 0, waitMs = 0, ...numbers] = state;
  const every = (offset: number) => numbers.filter((_, index) => index % 3 === offset);
  return {
    refusedBy: refused - 1,
    waitMs,
    remaining: every(0),
    resetMs: every(1),
    leased: every(2),
    second,
    sentAt,
  };
}
