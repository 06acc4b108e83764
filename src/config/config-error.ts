/**
 * A start that cannot succeed until the operator changes something. Shown as its lines, without a stack; the exit
 * code is 1.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** @param lines one a fault: the setting, its value, and what to do. */
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}
