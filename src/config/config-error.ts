/**
 * The gateway cannot start until the operator changes something. Only the lines are printed, without a stack trace, and
 * the exit code is `exitCode`.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /**
   * @param lines one line per fault: the setting, its value, and how to fix it.
   * @param exitCode 2 if the command line has a fault.
   */
  constructor(
    readonly lines: readonly string[],
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(lines.join('\n'));
  }
}
