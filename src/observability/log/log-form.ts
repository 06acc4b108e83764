import { fold } from './fold';

/** Characters that change how a terminal displays text, or that some readers treat as line breaks. */
const UNSAFE = /[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const ANY_UNSAFE = new RegExp(UNSAFE.source);

/** The JSON text `line` with unsafe characters escaped. It parses to the same value. */
export function asJson(line: string): string {
  return ANY_UNSAFE.test(line) ? line.replace(UNSAFE, escaped) : line;
}

/** Text that needs no escaping. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** `text` as a JSON string with unsafe characters escaped. */
export function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : asJson(JSON.stringify(text));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** ANSI codes. */
const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const CYAN = 36;
const GREY = 90;

/** The name and colour of each numeric level. */
const LEVELS: Readonly<Record<number, readonly [word: string, colour: number]>> = {
  10: ['trace', GREY],
  20: ['debug', GREY],
  30: ['info', GREEN],
  40: ['warn', YELLOW],
  50: ['error', RED],
  60: ['fatal', RED],
};

type Fields = Readonly<Record<string, unknown>>;

/** Columns of the time and the level at the start of each line. */
const INDENT = 15;

/**
 * Returns a formatter of JSON log lines for people: one line of text each, plus stack traces.
 * @param width returns the columns that a line may have, after which it continues below; undefined for no limit.
 */
export function textForm(
  inColour: boolean,
  width: () => number | undefined = () => undefined,
): (line: string) => string {
  const paint = (colour: number, text: string) => (inColour ? `\x1b[${colour}m${text}\x1b[0m` : text);
  return (line) => {
    const { level, time, ...fields } = JSON.parse(line) as Fields;
    const [word, colour] = LEVELS[Number(level)] ?? [String(level), GREY];
    const clock = new Date(Number(time)).toTimeString().slice(0, 8);
    const text = 'route' in fields ? requestText(fields, paint) : eventText(fields, paint);
    const [first, ...trace] = `${paint(GREY, clock)} ${paint(colour, word.padEnd(5))} ${text}`.split('\n');
    return `${[fold(first!, width() ?? Infinity, INDENT), ...trace].join('\n')}\n`;
  };
}

type Paint = (colour: number, text: string) => string;

/** A request in one line: method, path, status and duration, plus the reason, client and request id of a failure. */
function requestText(fields: Fields, paint: Paint): string {
  const { method, route, path, status, ms, model, version, rows, code, message, caller, requestId } = fields;
  const { key, reason, trace_id: trace } = fields;
  const isFailure = code !== undefined;
  const parts = [
    `${plain(method)} ${plain(path ?? route)}`,
    paint(isFailure ? RED : GREEN, plain(status)),
    `${shortened(Number(ms))} ms`,
  ];
  if (isFailure) {
    const about = [
      model !== undefined && `model ${plain(model)}`,
      `from ${plain(caller)}`,
      reason !== undefined && `credentials refused: ${plain(reason)}`,
      key !== undefined && `key ${plain(key)}`,
      `id ${plain(requestId)}`,
      trace !== undefined && `trace ${plain(trace)}`,
    ];
    parts.push(`${plain(code)}: ${plain(message)}`, paint(GREY, `(${about.filter(Boolean).join(', ')})`));
  } else if (model !== undefined) {
    parts.push(`${plain(model)}/${plain(version)}${rows === undefined ? '' : `, rows ${plain(rows)}`}`);
  }
  if (!isFailure && trace !== undefined) parts.push(paint(GREY, `trace ${plain(trace)}`));
  return parts.join('  ');
}

/** Any other event: context, message and further fields in one line, and the stack trace below. */
function eventText({ context, msg, err, stack, ...more }: Fields, paint: Paint): string {
  const { message, stack: trace = stack } = (err ?? {}) as Fields;
  const lines = typeof trace === 'string' ? trace.split('\n') : [];
  const text = [
    context === undefined ? '' : paint(CYAN, plain(context)),
    plain(msg ?? message ?? ''),
    ...Object.entries(more).map(([name, value]) => paint(GREY, `${plain(name)}=${plain(value)}`)),
  ];
  return [text.filter((part) => part !== '').join(' '), ...lines.map((line) => `  ${plain(line)}`)].join(
    '\n',
  );
}

/** `ms` with three digits, and no fewer than whole milliseconds. */
function shortened(ms: number): number {
  return ms < 100 ? Number(ms.toPrecision(3)) : Math.round(ms);
}

/** `value` in one line, without characters that a terminal interprets. */
function plain(value: unknown): string {
  const json = asJson(JSON.stringify(value) ?? '');
  return typeof value === 'string' ? json.slice(1, -1).replaceAll('\\"', '"') : json;
}
