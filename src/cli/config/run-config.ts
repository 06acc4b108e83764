import type { Flags } from '../../config/load-config';
import { settingsInForce } from '../../config/origins';
import { paint } from '../colours';
import { table } from '../table';

/** Options of the command `config`. */
export interface ConfigOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Prints the settings that `serve` would use with the same flags, without secrets. @throws ConfigError if one is invalid. */
export function runConfig(flags: Flags, { all = false, json = false }: ConfigOptions): void {
  const settings = settingsInForce(flags);
  const shown = all ? settings : settings.filter(({ origin }) => origin !== 'default');
  if (json) {
    const entries = shown.map(({ variable, value, standard, origin }) => ({
      setting: variable,
      value,
      default: standard,
      from: origin,
    }));
    process.stdout.write(`${JSON.stringify(entries, undefined, 2)}\n`);
    return;
  }
  const rows = shown.map(({ variable, value, standard, origin }) => [
    variable,
    value || paint('quiet', '(empty)'),
    origin === 'default' ? paint('quiet', origin) : origin,
    origin === 'default' ? '' : standard || paint('quiet', '(empty)'),
  ]);
  const rest = settings.length - shown.length;
  const note = rest === 0 ? '' : paint('quiet', `${rest} settings have their defaults; --all lists them.`);
  const text = [shown.length === 0 ? '' : table(['SETTING', 'VALUE', 'FROM', 'DEFAULT'], rows), note];
  process.stdout.write(`${text.filter((part) => part !== '').join('\n\n')}\n`);
}
