import { getSystemErrorMessage } from 'node:util';

/**
 * Whose end it was.
 * - `own`: the process ended by itself, or was ended for what it did, or was told to.
 * - `spawner`: it ended with the process that had started it, and its model has no part in that.
 * - `unstarted`: it could not be started.
 */
export type EndCause = 'own' | 'spawner' | 'unstarted';

/** How the process of a runner ended. */
export interface RunnerEnd {
  readonly cause: EndCause;
  /** For people, without paths; empty when it was told to. */
  readonly reason: string;
}

/** What helps when the system has no more of something. */
const REMEDIES: Readonly<Record<string, string>> = {
  EMFILE: '; raise the limit of open files (ulimit -n), or lower NEXUS_MAX_CONNECTIONS',
  EAGAIN: '; raise the limit of processes (ulimit -u, or the pids limit of the container)',
};

/** The end of a process that could not be started, because of `error`. */
export function unstarted(error: unknown): RunnerEnd {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  const what = errno === undefined ? message : `${getSystemErrorMessage(errno)} (${code})`;
  return {
    cause: 'unstarted',
    reason: `the runner could not be started: ${what}${REMEDIES[code ?? ''] ?? ''}`,
  };
}
