import { getSystemErrorMessage } from 'node:util';

/**
 * Cause of the end of a runner.
 * - `own`: the process ended by itself, was killed because of what it did, or was stopped.
 * - `spawner`: the process ended with its spawner, which is unrelated to its model.
 * - `unstarted`: the process could not be started.
 */
export type EndCause = 'own' | 'spawner' | 'unstarted';

/** How the process of a runner ended. */
export interface RunnerEnd {
  readonly cause: EndCause;
  /** For people, without paths; empty if the runner was stopped. */
  readonly reason: string;
}

/** Advice for exhausted system resources, by error code. */
const REMEDIES: Readonly<Record<string, string>> = {
  EMFILE: '; raise the limit of open files (ulimit -n), or lower NEXUS_MAX_CONNECTIONS',
  EAGAIN: '; raise the limit of processes (ulimit -u, or the pids limit of the container)',
};

/** Describes a process that could not be started because of `error`. */
export function unstarted(error: unknown): RunnerEnd {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  const what = errno === undefined ? message : `${getSystemErrorMessage(errno)} (${code})`;
  return {
    cause: 'unstarted',
    reason: `cannot start the runner: ${what}${REMEDIES[code ?? ''] ?? ''}`,
  };
}
