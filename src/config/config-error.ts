/**
 * The gateway cannot start until the operator changes something. Only the lines are printed, without a stack trace, and
 * the exit code is 1.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** @param lines one line per fault: the setting, its value, and how to fix it. */
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}
