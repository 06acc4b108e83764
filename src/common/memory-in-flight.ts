import { totalmem } from 'node:os';
import { errors } from './errors';

/** Where a request came in, for the metric of refusals. */
export type Door = 'http' | 'grpc';

/** A quarter of the memory that this process may have, of its container or of the machine, in bytes. */
export function quarterOfMemory(): number {
  // Without a limit it is 0, or more than there is.
  const ofContainer = process.constrainedMemory() || Infinity;
  return Math.floor(Math.min(ofContainer, totalmem()) / 4);
}

/**
 * The accountant of the memory that requests under way take: bodies received, decompressed and decoded, and answers
 * that have not been sent. Nothing waits for memory: what does not fit is refused.
 *
 * A request fits as long as it holds no more than it leaves free. So large requests are refused before small ones, and
 * no number of large ones keeps out a small one. A request that is alone always fits.
 */
export class MemoryInFlight {
  /** Bytes charged now. */
  used = 0;
  /** Requests and answers that did not fit. */
  readonly refusals: Record<Door, number> = { http: 0, grpc: 0 };

  /** @param limit the budget in bytes, over all requests together. */
  constructor(readonly limit: number) {}

  /** The account of one request; nothing is charged yet. */
  open(door: Door): Charge {
    return new Charge(this, door);
  }
}

/**
 * What one request holds of {@link MemoryInFlight}. It is given back when both have ended that may keep its bytes: the
 * exchange with the client, and the work on the request, which goes on for a while when the client leaves.
 */
export class Charge {
  private held = 0;
  private isWorking = false;
  private isOver = false;

  constructor(
    private readonly memory: MemoryInFlight,
    private readonly door: Door,
  ) {}

  /** Bytes charged for this request. */
  get bytes(): number {
    return this.held;
  }

  /**
   * Charges `bytes` for all that the request holds from now on, in place of what was charged; at most half of the
   * budget, so that the largest request fits when it is alone. Less always fits. Does nothing once all has ended.
   *
   * @throws NexusError memory_busy, with what was charged before left as it is.
   */
  hold(bytes: number): void {
    const { memory } = this;
    if (this.isOver && !this.isWorking) return;
    const charged = Math.min(bytes, memory.limit / 2);
    const used = memory.used - this.held + charged;
    if (charged > this.held && charged > memory.limit - used) {
      memory.refusals[this.door]++;
      throw errors.memoryBusy(memory.limit);
    }
    memory.used = used;
    this.held = charged;
  }

  /** Charges `bytes` more. @throws NexusError memory_busy as {@link hold}. */
  add(bytes: number): void {
    this.hold(this.held + bytes);
  }

  /**
   * Refuses what could never fit.
   * @throws NexusError body_too_large when a body of `bytes` is larger than the whole budget.
   */
  check(bytes: number): void {
    if (bytes <= this.memory.limit) return;
    this.memory.refusals[this.door]++;
    throw errors.bodyTooLarge(this.memory.limit, 'NEXUS_MEMORY_IN_FLIGHT');
  }

  /** Work on the request begins. */
  begin(): void {
    this.isWorking = true;
  }

  /** The work that had begun has ended. */
  end(): void {
    this.isWorking = false;
    if (this.isOver) this.free();
  }

  /** The answer has been sent, or the client has left. */
  close(): void {
    this.isOver = true;
    if (!this.isWorking) this.free();
  }

  private free(): void {
    this.memory.used -= this.held;
    this.held = 0;
  }
}
