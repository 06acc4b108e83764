import type { Config } from './config';

/** Format of log lines. */
export type LogForm = 'json' | 'text' | 'coloured text';

/**
 * Returns the format of lines on stdout, from NEXUS_LOG_FORMAT: `auto` is text on a terminal and JSON elsewhere. Text
 * on a terminal is coloured unless NO_COLOR is set (https://no-color.org) or the terminal is `dumb`.
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
