import { emitKeypressEvents, type Key } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';

const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const END_OF_LINE = '\u001B[K';
const REST_OF_SCREEN = '\u001B[J';

/** The whole terminal, on its alternate screen. It is as before once it is closed, and when the process exits. */
export class Screen {
  private isOpen = true;
  private readonly onExit = () => this.close();

  /**
   * Opens the screen.
   * @param onKey called for each key.
   * @param onResize called when the terminal has another size, and when the process continues after it was stopped.
   */
  constructor(
    private readonly input: ReadStream,
    private readonly output: WriteStream,
    private readonly onKey: (key: Key, text: string | undefined) => void,
    private readonly onResize: () => void,
  ) {
    process.once('exit', this.onExit);
    process.on('SIGCONT', this.enter);
    output.on('resize', onResize);
    emitKeypressEvents(input);
    input.on('keypress', this.pressed);
    this.enter();
    input.resume();
  }

  get width(): number {
    return this.output.columns || 80;
  }

  get height(): number {
    return this.output.rows || 24;
  }

  /** Replaces the content. */
  draw(lines: readonly string[]): void {
    if (!this.isOpen) return;
    this.output.write(HOME + lines.map((line) => line + END_OF_LINE).join('\r\n') + REST_OF_SCREEN);
  }

  /** Restores the terminal. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    process.off('exit', this.onExit);
    process.off('SIGCONT', this.enter);
    this.output.off('resize', this.onResize);
    this.input.off('keypress', this.pressed);
    if (this.input.isTTY) this.input.setRawMode(false);
    this.input.pause();
    this.output.write(LEAVE);
  }

  private readonly pressed = (text: string | undefined, key: Key): void => this.onKey(key, text);

  private readonly enter = (): void => {
    if (this.input.isTTY) this.input.setRawMode(true);
    this.output.write(ENTER);
    this.onResize();
  };
}
