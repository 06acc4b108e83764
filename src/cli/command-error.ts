/** Exit codes of the command line. The help and docs/cli.md list them. */
export const EXIT_CODES = {
  ok: 0,
  /** The command failed, or found a problem. */
  failed: 1,
  /** The arguments cannot be used. */
  usage: 2,
  /** The gateway could not be reached. */
  unreachable: 3,
  /** Ctrl-C or another signal ended the command early. */
  interrupted: 130,
} as const;

/** One of {@link EXIT_CODES}. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/**
 * Ends a command. It is printed on stderr as `<command>: <message>; <hint>`, without a stack trace, and the process exits
 * with `exitCode`. A message of several lines is printed as several errors.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  /**
   * @param message what was expected and what came, without a period at the end.
   * @param hint how to fix it.
   * @param status of the response, if the gateway has refused a request.
   */
  constructor(
    message: string,
    readonly hint?: string,
    readonly exitCode: ExitCode = EXIT_CODES.failed,
    readonly status?: number,
  ) {
    super(message);
  }
}

/** The arguments cannot be used; see {@link CommandError}. */
export function usageError(message: string, hint?: string): CommandError {
  return new CommandError(message, hint, EXIT_CODES.usage);
}
