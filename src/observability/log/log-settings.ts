import { Injectable } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Siblings } from '../../common/siblings';
import { Log } from './log';
import type { LogSettingsBody } from './log-settings.schema';

/** Levels, least severe first. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
type Level = (typeof LEVELS)[number];

/** The level that each switch sets when it is turned on, and when it is turned off. */
const SWITCHES: Readonly<Record<string, { on: Level; off: Level }>> = {
  log_info: { on: 'info', off: 'warn' },
  log_warning: { on: 'warn', off: 'error' },
  log_error: { on: 'error', off: 'fatal' },
};

/** Settings that cannot be changed, and their values. */
const FIXED: Readonly<Record<string, string>> = { log_file: '', log_format: 'default' };

/** The settings of the logging extension: which lines Nexus writes. Lines always go to stdout. */
@Injectable()
export class LogSettings {
  constructor(
    private readonly log: Log,
    siblings: Siblings,
  ) {
    this.update = siblings.everywhere({
      name: 'log settings',
      subject: () => ['log'],
      decide: async (settings: Readonly<Record<string, unknown>>) => {
        const changes = Object.entries(settings).map(([name, value]) => changeOf(name, value));
        for (const change of changes) this.log.level = change(this.log.level as Level);
        return [this.current(), this.log.level] as const;
      },
      adopt: (level: string) => void (this.log.level = level),
    });
  }

  /** The current settings. */
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
   * Applies the given settings in order, in all gateway processes, and returns all settings. Severities are nested, so
   * turning warnings off also turns information off.
   *
   * @throws NexusError invalid_input; nothing is changed then.
   */
  readonly update: (settings: Readonly<Record<string, unknown>>) => Promise<LogSettingsBody>;
}

function writes(level: number, lines: Level): boolean {
  return level <= LEVELS.indexOf(lines);
}

/** Returns a function from the current level to the level after `name` is set to `value`. */
function changeOf(name: string, value: unknown): (level: Level) => Level {
  const levels = Object.hasOwn(SWITCHES, name) ? SWITCHES[name] : undefined;
  if (levels !== undefined) {
    if (typeof value !== 'boolean') throw refused(name, 'true or false', value);
    return (level) => (value ? moreVerbose(level, levels.on) : lessVerbose(level, levels.off));
  }
  if (name === 'log_verbose_level') {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw refused(name, 'a whole number', value);
    const verbose = value === 1 ? 'debug' : 'trace';
    return (level) => (value === 0 ? lessVerbose(level, 'info') : verbose);
  }
  const fixed = Object.hasOwn(FIXED, name) ? FIXED[name] : undefined;
  if (fixed === undefined)
    throw errors.invalidInput(
      `unknown setting '${name}'; use ${[...Object.keys(SWITCHES), 'log_verbose_level', ...Object.keys(FIXED)].join(', ')}`,
      name,
    );
  if (value !== fixed)
    throw refused(name, `'${fixed}' (lines go to stdout in the format of NEXUS_LOG_FORMAT)`, value);
  return (level) => level;
}

function moreVerbose(one: Level, other: Level): Level {
  return LEVELS.indexOf(one) < LEVELS.indexOf(other) ? one : other;
}

function lessVerbose(one: Level, other: Level): Level {
  return LEVELS.indexOf(one) > LEVELS.indexOf(other) ? one : other;
}

function refused(name: string, expected: string, value: unknown) {
  return errors.invalidInput(`${name}: expected ${expected}, got ${JSON.stringify(value)}`, name);
}
