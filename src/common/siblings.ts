/**
 * A change that all gateway processes make. One process decides it and the others adopt the result, so that a change that
 * is rejected changes nothing anywhere.
 */
export interface SharedChange<Args extends unknown[], Result, State> {
  /** Unique among all changes. */
  readonly name: string;
  /**
   * What is changed. A later change replaces the states of the same subject and of those that begin with it. Changes whose
   * subjects have the same first element, and for `model` the same second one, run one at a time.
   */
  readonly subject: (args: NoInfer<Args>) => readonly string[];
  /** Makes the change in the process that decides. Returns the result for the client, and the state for the others. */
  readonly decide: (...args: Args) => Promise<readonly [Result, State]>;
  /** Makes the change in another process, also in one that starts later. */
  readonly adopt: (state: NoInfer<State>) => Promise<unknown> | void;
  /** Whether `state` is what a process has after its start, so that it need not be remembered. By default never. */
  readonly isInitial?: (state: NoInfer<State>) => boolean;
}

/** What all processes have returned, the caller's own included, and processes that have ended. */
export interface Gathered<T> {
  readonly values: readonly T[];
  /** The last values of processes that did not answer in time or have ended. */
  readonly stale: readonly T[];
  /** Number of processes that run, that were replaced, and that did not answer in time since the start. */
  readonly running: number;
  readonly restarts: number;
  readonly unanswered: number;
}

/**
 * The gateway processes on one machine that serve the same ports. Arguments, results and states must be cloneable
 * (structured clone).
 */
export abstract class Siblings {
  /** Number of processes. 1 if this process serves alone. */
  abstract readonly count: number;
  /** The number of this process, from 0. A process that replaces another has its number. */
  abstract readonly index: number;

  /**
   * Returns a function that makes `change` in every process.
   * @throws NexusError that `decide` has thrown; changed_in_part if a process could not adopt the change.
   */
  abstract everywhere<Args extends unknown[], Result, State>(
    change: SharedChange<Args, Result, State>,
  ): (...args: Args) => Promise<Result>;

  /** Returns a function that calls `read` in every process. One that takes longer than a second is left out. */
  abstract gather<T, Argument = void>(
    name: string,
    read: (argument: Argument) => T | Promise<T>,
  ): (argument: Argument) => Promise<Gathered<T>>;

  /**
   * Asks the service `name` of the process that started this one. Only if there are several processes.
   * @throws NexusError of the service.
   */
  abstract ask(name: string, question: unknown): Promise<unknown>;
}

/** The only gateway process: changes and reads stay in it. */
export class Alone extends Siblings {
  readonly count = 1;
  readonly index = 0;

  everywhere<Args extends unknown[], Result, State>({
    decide,
  }: SharedChange<Args, Result, State>): (...args: Args) => Promise<Result> {
    return async (...args) => (await decide(...args))[0];
  }

  gather<T, Argument = void>(
    _name: string,
    read: (argument: Argument) => T | Promise<T>,
  ): (argument: Argument) => Promise<Gathered<T>> {
    return async (argument) => ({
      values: [await read(argument)],
      stale: [],
      running: 1,
      restarts: 0,
      unanswered: 0,
    });
  }

  ask(): Promise<unknown> {
    throw new Error('a process that is alone has nobody to ask');
  }
}
