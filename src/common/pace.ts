/** Bytes a second below which a transfer counts as standing still. */
export const SLOWEST_BYTES_PER_SECOND = 1024;

/** How often in a window transfers are looked at. */
const LOOKS = 4;

/** A body that is being received, or an answer that is being sent. */
export interface Transfer {
  /** Bytes that have moved so far; whoever moves them adds to it. */
  moved: number;
  /** The transfer has ended, in whatever way; nothing comes of it any more. */
  end(): void;
}

/** Cuts off transfers whose peer moves fewer than {@link SLOWEST_BYTES_PER_SECOND} over a window of time. */
export class Pace {
  private readonly transfers = new Set<WatchedTransfer>();
  private readonly timer: NodeJS.Timeout;

  /**
   * @param windowMs length of the window, in milliseconds.
   * @param now the clock, in milliseconds.
   */
  constructor(
    private readonly windowMs: number,
    private readonly now = () => performance.now(),
  ) {
    this.timer = setInterval(() => this.look(), windowMs / LOOKS).unref();
  }

  /**
   * Watches a transfer until it ends.
   * @param cut called once when it is too slow; the transfer has ended then.
   * @param isHeld whether it is on this side that it waits; such time does not count.
   */
  watch(cut: () => void, isHeld: () => boolean = () => false): Transfer {
    const transfer = new WatchedTransfer(this.transfers, cut, isHeld, this.now());
    this.transfers.add(transfer);
    return transfer;
  }

  /** Cuts off what has been too slow until now. */
  look(): void {
    const now = this.now();
    const least = (SLOWEST_BYTES_PER_SECOND * this.windowMs) / 1000;
    for (const transfer of this.transfers) transfer.look(now, this.windowMs, least);
  }

  /** Watches nothing any more. */
  stop(): void {
    clearInterval(this.timer);
  }
}

class WatchedTransfer implements Transfer {
  moved = 0;
  /** What had moved when the window began. */
  private before = 0;

  constructor(
    private readonly watched: Set<WatchedTransfer>,
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
