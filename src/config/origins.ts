import { Config } from './config';
import { isSecret, loadConfig, variableOf, type Flags } from './load-config';

/** A setting in force. */
export interface SettingInForce {
  /** Name of its environment variable. */
  readonly variable: string;
  /** Text in the form of the environment variable; `***` for a secret that is set. */
  readonly value: string;
  readonly standard: string;
  /** Where the value comes from. */
  readonly origin: 'default' | 'environment' | 'flag';
}

/**
 * Every setting that a gateway with this environment and command line would use, in the order of {@link Config}.
 * @throws ConfigError as loadConfig
 */
export function settingsInForce(
  flags: Flags,
  env: NodeJS.ProcessEnv = process.env,
): readonly SettingInForce[] {
  const config = loadConfig(env, flags);
  const standards = new Config();
  return (Object.keys(standards) as (keyof Config)[]).map((field) => {
    const variable = variableOf(field);
    const value = String(config[field]);
    const standard = String(standards[field]);
    const isGiven = flags[field] === undefined ? Boolean(env[variable]) : flags[field].value !== '';
    const source = flags[field] === undefined ? 'environment' : 'flag';
    return {
      variable,
      value: isSecret(field) && value !== '' ? '***' : value,
      standard,
      origin: isGiven ? source : 'default',
    };
  });
}
