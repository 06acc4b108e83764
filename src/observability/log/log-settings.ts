import { Injectable } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Log } from './log';
import type { LogSettingsBody } from './log-settings.schema';

/** Levels from the least severe on, each with what it turns on by the names of the logging extension. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
type Level = (typeof LEVELS)[number];

/** The level at which a switch turns its lines on, and the one that remains when it is turned off. */
const SWITCHES: Readonly<Record<string, { on: Level; off: Level }>> = {
  log_info: { on: 'info', off: 'warn' },
  log_warning: { on: 'warn', off: 'error' },
  log_error: { on: 'error', off: 'fatal' },
};

/** What can only be as it is, and why. */
const FIXED: Readonly<Record<string, string>> = { log_file: '', log_format: 'default' };

/** The settings of the logging extension: which lines are written, on stdout always. */
@Injectable()
export class LogSettings {
  constructor(private readonly log: Log) {}

  /** The settings as they are. */
  current(): LogSettingsBody {
    const level = LEVELS.indexOf(this.log.level as Level);
    return {
      log_file: '',
      log_info: writes(level, 'info'),
      log_warning: writes(level, 'warn'),
      log_error: writes(level, 'error'),
      log_verbose_level: writes(level, 'trace') ? 2 : Number(writes(level, 'debug')),
      log_format: 'default',
    };
  }

  /**
   * Changes the settings that are given, one after another; severities are nested, so turning warnings off turns
   * information off too. Returns all settings as they are then.
   *
   * @throws NexusError invalid_input before anything is changed.
   */
  update(settings: Readonly<Record<string, unknown>>): LogSettingsBody {
    const changes = Object.entries(settings).map(([name, value]) => changeOf(name, value));
    for (const change of changes) this.log.level = change(this.log.level as Level);
    return this.current();
  }
}

function writes(level: number, lines: Level): boolean {
  return level <= LEVELS.indexOf(lines);
}

/** What setting `name` to `value` makes of the level. */
function changeOf(name: string, value: unknown): (level: Level) => Level {
  const turned = Object.hasOwn(SWITCHES, name) ? SWITCHES[name] : undefined;
  if (turned !== undefined) {
    if (typeof value !== 'boolean') throw refused(name, 'true or false', value);
    return (level) => (value ? moreOf(level, turned.on) : lessOf(level, turned.off));
  }
  if (name === 'log_verbose_level') {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw refused(name, 'a whole number', value);
    const verbose = value === 1 ? 'debug' : 'trace';
    return (level) => (value === 0 ? lessOf(level, 'info') : verbose);
  }
  const fixed = Object.hasOwn(FIXED, name) ? FIXED[name] : undefined;
  if (fixed === undefined)
    throw errors.invalidInput(
      `unknown setting '${name}'; the settings are ${[...Object.keys(SWITCHES), 'log_verbose_level', ...Object.keys(FIXED)].join(', ')}`,
      name,
    );
  if (value !== fixed)
    throw refused(name, `'${fixed}', for lines go to stdout in the format of NEXUS_LOG_FORMAT`, value);
  return (level) => level;
}

function moreOf(one: Level, other: Level): Level {
  return LEVELS.indexOf(one) < LEVELS.indexOf(other) ? one : other;
}

function lessOf(one: Level, other: Level): Level {
  return LEVELS.indexOf(one) > LEVELS.indexOf(other) ? one : other;
}

function refused(name: string, expected: string, value: unknown) {
  return errors.invalidInput(`${name}: expected ${expected}, got ${JSON.stringify(value)}`, name);
}
