import { totalmem } from 'node:os';
import { errors } from './errors';

/** Protocol of a request, for the metric of rejected requests. */
export type Door = 'http' | 'grpc';

/** A quarter of the memory of the container or machine, in bytes. */
export function quarterOfMemory(): number {
  // Without a limit, constrainedMemory() is 0 or larger than the memory of the machine.
  const ofContainer = process.constrainedMemory() || Infinity;
  return Math.floor(Math.min(ofContainer, totalmem()) / 4);
}

/**
 * Accounts for the memory of requests in flight: received, decompressed and decoded bodies, and unsent responses.
 * Nothing waits for memory; what does not fit is rejected.
 *
 * A request fits if it holds no more than it leaves free. Large requests are therefore rejected before small ones, and
 * no number of large requests keeps out a small one. A request that is alone always fits.
 */
export class MemoryInFlight {
  /** Bytes that are currently charged. */
  used = 0;
  /** Number of requests and responses that did not fit. */
  readonly refusals: Record<Door, number> = { http: 0, grpc: 0 };

  /** @param limit budget of all requests together, in bytes. */
  constructor(readonly limit: number) {}

  /** Opens the account of a request. Nothing is charged yet. */
  open(door: Door): Charge {
    return new Charge(this, door);
  }
}

/**
 * The share of one request in {@link MemoryInFlight}. It is released when both the exchange with the client and the
 * work on the request have ended. The work may continue for a while after the client disconnects.
 */
export class Charge {
  private held = 0;
  private isWorking = false;
  private isClosed = false;

  constructor(
    private readonly memory: MemoryInFlight,
    private readonly door: Door,
  ) {}

  /** Bytes charged for this request. */
  get bytes(): number {
    return this.held;
  }

  /**
   * Replaces the charge of the request with `bytes`, capped at half of the budget, so that the largest request fits
   * when it is alone. Reducing the charge always succeeds. Does nothing once the request has ended.
   *
   * @throws NexusError memory_busy if it does not fit; the charge is then unchanged.
   */
  hold(bytes: number): void {
    const { memory } = this;
    if (this.isClosed && !this.isWorking) return;
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
   * Rejects a body that could never fit.
   * @throws NexusError body_too_large if `bytes` exceeds the whole budget.
   */
  check(bytes: number): void {
    if (bytes <= this.memory.limit) return;
    this.memory.refusals[this.door]++;
    throw errors.bodyTooLarge(this.memory.limit, 'NEXUS_MEMORY_IN_FLIGHT');
  }

  /** Marks the start of work on the request. */
  begin(): void {
    this.isWorking = true;
  }

  /** Marks the end of work on the request. */
  end(): void {
    this.isWorking = false;
    if (this.isClosed) this.free();
  }

  /** Marks the end of the exchange: the response has been sent, or the client has disconnected. */
  close(): void {
    this.isClosed = true;
    if (!this.isWorking) this.free();
  }

  private free(): void {
    this.memory.used -= this.held;
    this.held = 0;
  }
}
