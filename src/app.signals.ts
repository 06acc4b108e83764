/** Signals that end the process. */
export type Signal = 'SIGTERM' | 'SIGINT';

/** Handles SIGTERM and SIGINT. Until {@link handle} sets a handler, the process exits immediately with code 0. */
export class Signals {
  private handler: (signal: Signal) => void = () => process.exit(0);

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.handler(signal));
  }

  /** Sets the handler, which replaces the default. */
  handle(handler: (signal: Signal) => void): void {
    this.handler = handler;
  }
}
