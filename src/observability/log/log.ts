import type { LoggerService } from '@nestjs/common';
import { destination as openDestination, pino, type Logger } from 'pino';
import type { LogForm } from '../../config/log-form';
import { asJson, textForm } from './log-form';
import { RecentErrors } from './recent-errors';

/** Maximum bytes of log lines buffered for a slow reader of stdout; further lines are dropped. */
const MAX_WAITING_BYTES = 16 * 2 ** 20;

/** Maximum time that a line is buffered before it is written. */
const MAX_DELAY_MS = 20;

/** The log of the process: lines on stdout, as JSON or text. */
export class Log {
  private readonly sink: Sink;
  readonly logger: Logger;
  readonly recentErrors = new RecentErrors();

  /**
   * @param level least severe level that is written.
   * @param form format of the lines.
   */
  constructor(level: string, form: LogForm) {
    this.sink = new Sink(form === 'json' ? undefined : textForm(form === 'coloured text'));
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
   * Writes a line with `members`, the inside of a JSON object as {@link requestLine} builds it. Used for the request log,
   * because pino, which serializes any object, takes three times as long.
   */
  write(level: 'info' | 'debug', members: string): void {
    if (this.logger.isLevelEnabled(level)) this.writeLine(level, members);
  }

  /** Writes a line of the audit log with `members`, at every level except silent. */
  audit(members: string): void {
    if (this.logger.level !== 'silent') this.writeLine('info', `"msg":"audit",${members}`);
  }

  private writeLine(level: 'info' | 'debug', members: string): void {
    this.sink.add(`{"level":${pino.levels.values[level]},"time":${Date.now()},${members}}\n`);
  }
}

/** Writes lines to stdout in batches and asynchronously: writing each line costs more than formatting it. */
class Sink {
  private readonly file = openDestination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES });
  private lines = '';

  /** @param form formats lines for people; undefined for JSON. */
  constructor(private readonly form: ((line: string) => string) | undefined) {}

  /** Adds a line of pino, which may contain any text. */
  write(line: string): void {
    this.add(this.form === undefined ? asJson(line) : line);
  }

  /** Adds a line of JSON in which every unsafe character is escaped. */
  add(line: string): void {
    if (this.lines === '') setTimeout(() => this.writeLines(), MAX_DELAY_MS).unref();
    this.lines += this.form === undefined ? line : this.form(line);
  }

  /** Writes the buffered lines synchronously, for the end of the process. */
  flush(): void {
    this.writeLines();
    this.file.flushSync();
  }

  private writeLines(): void {
    if (this.lines !== '') this.file.write(this.lines);
    this.lines = '';
  }
}

/** Contexts in which Nest logs its own wiring, which interests only developers. */
const WIRING = new Set([
  'NestFactory',
  'NestApplication',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestMicroservice',
  // Logs why the application cannot be created.
  'ExceptionHandler',
]);

/** Writes Nest's log calls to `logger`. The last argument is the context; an object's fields become fields of the line. */
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

  /** Nest passes the message, the stack and the context. Errors of its wiring are reported by the start-up code. */
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
