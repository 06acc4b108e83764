import type { Clock } from '../../common/clock';

/** Calls an action at regular times while there is a reason to. It takes the place of one timer per request. */
export class Ticker {
  private isRunning = false;

  /** @param action returns whether to continue. */
  constructor(
    private readonly ms: number,
    private readonly clock: Clock,
    private readonly action: (now: number) => boolean,
  ) {}

  /** Begins to call the action, unless it does so already. */
  start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.clock.after(this.ms, this.tick);
  }

  private readonly tick = (): void => {
    this.isRunning = false;
    if (this.action(this.clock.now())) this.start();
  };
}
