/** A run that is over sooner needs no progress. */
const SHOWN_AFTER_MS = 2000;

/** How far a run is: one line of a terminal, rewritten, from two seconds on. Elsewhere nothing is shown. */
export class Progress {
  private text = '';
  private shown = false;

  constructor() {
    if (process.stderr.isTTY) setTimeout(() => this.begin(), SHOWN_AFTER_MS).unref();
  }

  /** Puts `text` in the place of what was shown before. */
  show(text: string): void {
    this.text = text;
    if (this.shown) process.stderr.write(`\r\x1b[K${text.slice(0, process.stderr.columns - 1)}`);
  }

  /** Takes the line away, for what is printed next. */
  clear(): void {
    this.show('');
  }

  private begin(): void {
    this.shown = true;
    this.show(this.text);
  }
}
