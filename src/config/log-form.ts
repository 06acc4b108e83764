import type { Config } from './config';

/** How log lines are written. */
export type LogForm = 'json' | 'text' | 'coloured text';

/**
 * How lines go to stdout by NEXUS_LOG_FORMAT: `auto` is text on a terminal and JSON elsewhere. Text is coloured on a
 * terminal, unless NO_COLOR is set (https://no-color.org) or the terminal is `dumb`.
 */
export function logFormOf(
  { logFormat }: Pick<Config, 'logFormat'>,
  isTerminal: boolean = process.stdout.isTTY,
  env: NodeJS.ProcessEnv = process.env,
): LogForm {
  if (logFormat === 'json' || (logFormat === 'auto' && !isTerminal)) return 'json';
  const isPlain = !isTerminal || Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb';
  return isPlain ? 'text' : 'coloured text';
}
