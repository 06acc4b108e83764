import { errors } from '../../common/errors';

/** Which requests are traced. */
export interface TraceSettings {
  readonly level: 'OFF' | 'TIMESTAMPS';
  /** Traces one in `rate` requests. */
  readonly rate: number;
  /** Number of traces left to write, -1 for no limit. */
  readonly count: number;
}

/** The settings at start-up. */
export const DEFAULT_TRACE: TraceSettings = { level: 'OFF', rate: 1000, count: -1 };

type Reader = (value: unknown, name: string) => Partial<TraceSettings>;

const READERS: Readonly<Record<string, Reader>> = {
  trace_level: (value, name) => ({ level: levelOf(value, name) }),
  trace_rate: (value, name) => ({ rate: wholeNumber(value, name, 1) }),
  trace_count: (value, name) => ({ count: wholeNumber(value, name, -1) }),
  log_frequency: (value, name) => fixed(value, name, '0'),
  trace_mode: (value, name) => fixed(value, name, 'triton'),
  trace_file: (value, name) => fixed(value, name, ''),
};

const FIELD: Readonly<Record<string, keyof TraceSettings>> = {
  trace_level: 'level',
  trace_rate: 'rate',
  trace_count: 'count',
};

/**
 * Returns `before` with the given settings applied, under the names of the trace extension. Values are strings or
 * numbers; null removes a setting.
 *
 * @throws NexusError invalid_input
 */
export function changed(
  before: Partial<TraceSettings>,
  settings: Readonly<Record<string, unknown>>,
): Partial<TraceSettings> {
  const after: { -readonly [Key in keyof TraceSettings]?: TraceSettings[Key] } = { ...before };
  for (const [name, value] of Object.entries(settings)) {
    const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (read === undefined)
      throw errors.invalidInput(`unknown setting '${name}'; use ${Object.keys(READERS).join(', ')}`, name);
    if (value !== null) Object.assign(after, read(value, name));
    else if (FIELD[name] !== undefined) delete after[FIELD[name]];
  }
  return after;
}

function levelOf(value: unknown, name: string): TraceSettings['level'] {
  const levels: readonly unknown[] = Array.isArray(value) ? value : [value];
  const [level] = levels;
  if (levels.length === 1 && (level === 'OFF' || level === 'TIMESTAMPS')) return level;
  throw refused(name, '["OFF"] or ["TIMESTAMPS"]; tensors are not traced', value);
}

function wholeNumber(value: unknown, name: string, min: number): number {
  const text = firstOf(value);
  if (/^-?\d{1,15}$/.test(text) && Number(text) >= min) return Number(text);
  throw refused(name, `a whole number, ${min} or more`, value);
}

function fixed(value: unknown, name: string, only: string): Partial<TraceSettings> {
  if (firstOf(value) === only) return {};
  throw refused(name, `'${only}' (traces are log lines, written immediately)`, value);
}

/** Values are strings, numbers or, over gRPC, lists of one string. */
function firstOf(value: unknown): string {
  const [first]: readonly unknown[] = Array.isArray(value) && value.length === 1 ? value : [value];
  return typeof first === 'string' || typeof first === 'number' ? String(first) : JSON.stringify(first);
}

function refused(name: string, expected: string, value: unknown) {
  return errors.invalidInput(`${name}: expected ${expected}, got ${JSON.stringify(value)}`, name);
}
