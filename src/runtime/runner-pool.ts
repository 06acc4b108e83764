import { RunnerProcess } from './runner-process';

/** Runner processes that small models share. */
export class RunnerPool {
  private readonly processes = new Set<RunnerProcess>();

  /** @param size maximum number of processes, not counting those about to be replaced. */
  constructor(private readonly size: number) {}

  /**
   * Returns the process for a new session: a new process if the limit allows it, else the one with the fewest sessions.
   */
  place(): RunnerProcess {
    const usable = [...this.processes].filter(({ ending, isWorn }) => ending === undefined && !isWorn);
    if (usable.length < this.size) return this.launch();
    return usable.reduce((emptiest, other) => (other.size < emptiest.size ? other : emptiest));
  }

  private launch(): RunnerProcess {
    const launched = new RunnerProcess('shared');
    this.processes.add(launched);
    void launched.exited.then(() => this.processes.delete(launched));
    return launched;
  }
}
