import { CommandError, EXIT_CODES } from './command-error';

/** Signals that end a command early: of Ctrl-C, of `kill`, and of a terminal that closes. */
export const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `task` with a signal that aborts when the user ends the command. A second Ctrl-C ends the process at once.
 * @throws CommandError interrupted once the task has ended, if the signal has aborted.
 */
export async function interruptible(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(EXIT_CODES.interrupted);
    controller.abort();
  };
  for (const name of END_SIGNALS) process.on(name, stop);
  try {
    await task(controller.signal);
    if (controller.signal.aborted) throw new CommandError('interrupted', undefined, EXIT_CODES.interrupted);
  } finally {
    for (const name of END_SIGNALS) process.off(name, stop);
  }
}
