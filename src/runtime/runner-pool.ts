import { RunnerProcess } from './runner-process';

/** Processes that small models share: as many as can be busy at a time. */
export class RunnerPool {
  private readonly processes = new Set<RunnerProcess>();

  /** @param size most processes, beside those that are about to be replaced. */
  constructor(private readonly size: number) {}

  /** The process for one more session: a new one as long as there may be more, then the emptiest. */
  place(): RunnerProcess {
    const fit = [...this.processes].filter(({ ending, isWorn }) => ending === undefined && !isWorn);
    if (fit.length < this.size) return this.launch();
    return fit.reduce((emptiest, other) => (other.size < emptiest.size ? other : emptiest));
  }

  private launch(): RunnerProcess {
    const launched = new RunnerProcess('shared');
    this.processes.add(launched);
    void launched.exited.then(() => this.processes.delete(launched));
    return launched;
  }
}
