import { Bag } from './bag';

/** Minimum throughput of a transfer. Slower transfers count as stalled. */
export const SLOWEST_BYTES_PER_SECOND = 1024;

/** Number of checks per window. */
const CHECKS_PER_WINDOW = 4;

/** A body that is being received, or a response that is being sent. */
export interface Transfer {
  /** Bytes transferred so far. The owner of the transfer updates it. */
  moved: number;
  /** Stops watching the transfer. Call it when the transfer ends, for any reason. */
  end(): void;
}

/** Cuts off transfers whose peer is slower than {@link SLOWEST_BYTES_PER_SECOND} over a window of time. */
export class Pace {
  private readonly transfers = new Bag<WatchedTransfer>();
  private readonly timer: NodeJS.Timeout;

  /**
   * @param windowMs length of the window in milliseconds.
   * @param now clock in milliseconds.
   */
  constructor(
    private readonly windowMs: number,
    private readonly now = () => performance.now(),
  ) {
    this.timer = setInterval(() => this.look(), windowMs / CHECKS_PER_WINDOW).unref();
  }

  /**
   * Watches a transfer until it ends.
   * @param cut called once if the transfer is too slow. The transfer is then no longer watched.
   * @param isHeld whether the transfer waits for this side; such time does not count.
   */
  watch(cut: () => void, isHeld: () => boolean = never): Transfer {
    const transfer = new WatchedTransfer(this.transfers, cut, isHeld, this.now());
    this.transfers.add(transfer);
    return transfer;
  }

  /** Cuts off transfers that have been too slow. */
  look(): void {
    const now = this.now();
    const least = (SLOWEST_BYTES_PER_SECOND * this.windowMs) / 1000;
    this.transfers.forEach((transfer) => transfer.look(now, this.windowMs, least));
  }

  /** Stops watching all transfers. */
  stop(): void {
    clearInterval(this.timer);
  }
}

const never = () => false;

class WatchedTransfer implements Transfer {
  moved = 0;
  place = -1;
  /** Bytes transferred when the window began. */
  private before = 0;

  constructor(
    private readonly watched: Bag<WatchedTransfer>,
    private readonly cut: () => void,
    private readonly isHeld: () => boolean,
    private since: number,
  ) {}

  end(): void {
    this.watched.delete(this);
  }

  look(now: number, windowMs: number, least: number): void {
    const isHeld = this.isHeld();
    if (!isHeld && now - this.since < windowMs) return;
    if (!isHeld && this.moved - this.before < least) {
      this.end();
      this.cut();
      return;
    }
    this.since = now;
    this.before = this.moved;
  }
}
