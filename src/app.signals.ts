/** Signals that end the process. */
export type Signal = 'SIGTERM' | 'SIGINT';

/** What SIGTERM and SIGINT do: the process ends at once, in order, until {@link handle} says otherwise. */
export class Signals {
  private handler: (signal: Signal) => void = () => process.exit(0);

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.handler(signal));
  }

  /** Calls `handler` for every signal from now on, and does nothing else. */
  handle(handler: (signal: Signal) => void): void {
    this.handler = handler;
  }
}
