import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator';
import { Config } from './config';
import { ConfigError } from './config-error';
import { nearest } from '../common/nearest';
import { SECRET } from './setting';
import { tracingFaultsOf } from './tracing';

const PREFIX = 'NEXUS_';

/** Name of the environment variable of `field`: `bodyLimit` is `NEXUS_BODY_LIMIT`. */
export function variableOf(field: string): string {
  return PREFIX + field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** A setting on the command line. */
export interface Flag {
  /** As written, for errors: `--port`. */
  readonly name: string;
  /** Text in the form of the environment variable. Empty text sets the default. */
  readonly value: string;
}

/** Settings on the command line, by field of {@link Config}. They take precedence over the environment. */
export type Flags = Readonly<Partial<Record<string, Flag>>>;

/** Whether the values of `field` must not be printed, nor be given where other users of the machine can read them. */
export function isSecret(field: string): boolean {
  return getMetadataStorage()
    .getTargetValidationMetadatas(Config, '', false, false)
    .some(({ propertyName, name }) => propertyName === field && name === SECRET);
}

/**
 * Reads the configuration from the environment and the command line. Empty variables count as unset.
 * @throws {ConfigError} with a line for each variable or flag that is unknown or invalid, variables of OpenTelemetry included.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env, flags: Flags = {}): Config {
  const defaults = new Config();
  const fields = new Map(Object.keys(defaults).map((field) => [variableOf(field), field]));
  const given = Object.entries(env).filter(([name, value]) => name.startsWith(PREFIX) && value !== '');
  const settings = given.filter(([name, value]) => !isServiceLink(name, value ?? ''));

  const unknown = settings
    .filter(([name]) => !fields.has(name))
    .map(([name]) => describeUnknown(name, fields));
  const texts: Record<string, string | undefined> = {};
  for (const [name, value] of settings) if (fields.has(name)) texts[fields.get(name)!] = value;
  for (const [field, flag] of Object.entries(flags)) texts[field] = flag?.value || undefined;
  const config = plainToInstance(Config, texts, { exposeUnsetFields: false });
  const faults = validateSync(config);
  const lines = [
    ...unknown,
    ...faults.map((fault) => describeFault(fault, env, flags[fault.property], defaults)),
    ...tracingFaultsOf(env),
  ];
  if (lines.length > 0)
    throw new ConfigError(lines, faults.some(({ property }) => flags[property] !== undefined) ? 2 : 1);
  return config;
}

/**
 * Whether a variable is a service link of Kubernetes. For a Service named `nexus`, Kubernetes sets variables such as
 * `NEXUS_PORT=tcp://10.0.0.1:80` and `NEXUS_SERVICE_HOST` in every pod. They are not settings. The value alone does not
 * decide: without a key that begins with `tcp://`, the server would be open.
 */
function isServiceLink(name: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP|SCTP)(_|$)/.test(name) ||
    (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
  );
}

function describeUnknown(name: string, fields: ReadonlyMap<string, string>): string {
  // The common prefix would make unrelated names look similar.
  const near = nearest(
    name.slice(PREFIX.length),
    [...fields.keys()].map((known) => known.slice(PREFIX.length)),
  );
  const hint = near === undefined ? 'unset it' : `did you mean ${PREFIX}${near}?`;
  return `${name}: unknown setting; ${hint}`;
}

function describeFault(
  fault: ValidationError,
  env: NodeJS.ProcessEnv,
  flag: Flag | undefined,
  defaults: Config,
): string {
  const variable = variableOf(fault.property);
  const [expected] = Object.values(fault.constraints ?? {});
  const standard = String(defaults[fault.property as keyof Config]);
  const given = flag === undefined ? env[variable] : flag.value;
  const name = flag?.name ?? variable;
  const remedy = given
    ? `${flag === undefined ? 'unset it' : 'omit it'}${standard && ` to use the default, ${standard}`}`
    : `this is the default; create it, or set ${name}`;
  const value = SECRET in (fault.constraints ?? {}) ? '' : `=${withoutCredentials(given || standard)}`;
  return `${name}${value}: expected ${expected}; ${remedy}`;
}

/** `text` without the user, the password and the query of a URL. */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/]*:.*@/, '//***@').replace(/(:\/\/[^?,]*)\?[^,]*/g, '$1?***');
}
