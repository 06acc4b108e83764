import type { LoggerService } from '@nestjs/common';
import { destination as openDestination, pino, type Logger } from 'pino';
import type { LogForm } from '../../config/log-form';
import { asJson, textForm } from './log-form';

/** Bytes of log lines that may wait for a slow reader of stdout; what comes on top is dropped. */
const MAX_WAITING_BYTES = 16 * 2 ** 20;

/** How long a line may wait for others. */
const MAX_DELAY_MS = 20;

/** The log of the process: lines on stdout, of JSON or of text. */
export class Log {
  private readonly sink: Sink;
  readonly logger: Logger;

  /**
   * @param level least severe level that is written.
   * @param form how lines are written.
   */
  constructor(level: string, form: LogForm) {
    this.sink = new Sink(form === 'json' ? asJson : textForm(form === 'coloured text'));
    this.logger = pino({ level, base: null }, this.sink);
    process.once('exit', () => this.sink.flush());
  }

  /** Least severe level that is written. */
  get level(): string {
    return this.logger.level;
  }

  set level(level: string) {
    this.logger.level = level;
  }

  /**
   * Writes a line of numbers and short strings. For the one line of every request: the logger takes three times as
   * long, because it is made for any object.
   */
  write(level: 'info' | 'debug', fields: Readonly<Record<string, string | number | undefined>>): void {
    if (!this.logger.isLevelEnabled(level)) return;
    let line = `{"level":${pino.levels.values[level]},"time":${Date.now()}`;
    for (const name in fields) {
      const value = fields[name];
      if (value !== undefined) line += `,"${name}":${typeof value === 'number' ? value : quoted(value)}`;
    }
    this.sink.write(`${line}}\n`);
  }
}

/** Text that is the same in JSON. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Hands lines to stdout many at a time, off the event loop: one at a time that would cost more than making them. */
class Sink {
  private readonly file = openDestination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES });
  private lines = '';

  constructor(private readonly form: (line: string) => string) {}

  write(line: string): void {
    if (this.lines === '') setTimeout(() => this.hand(), MAX_DELAY_MS).unref();
    this.lines += this.form(line);
  }

  /** Writes what waits before it returns: at the end of the process nothing can wait any longer. */
  flush(): void {
    this.hand();
    this.file.flushSync();
  }

  private hand(): void {
    if (this.lines !== '') this.file.write(this.lines);
    this.lines = '';
  }
}

/** What Nest tells of putting itself together; nobody but a developer wants to know. */
const WIRING = new Set([
  'NestFactory',
  'NestApplication',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestMicroservice',
]);

/** Nest's log calls as lines of `logger`: the last argument is the context, an object's fields become the line's. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(WIRING.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  /** Nest calls it with the message, the stack and the context. What keeps it from starting, the start tells. */
  error(message: unknown, ...rest: unknown[]): void {
    this.write(WIRING.has(String(rest.at(-1))) ? 'debug' : 'error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ) {
    const context = rest.at(-1);
    const stack = rest.length > 1 ? rest[0] : undefined;
    if (message instanceof Error) this.logger[level]({ context, err: message });
    else if (typeof message === 'string') this.logger[level]({ context, stack }, message);
    else this.logger[level]({ context, ...(message as object) });
  }
}
