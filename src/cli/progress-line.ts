import { printable } from './printable';

/** A pipe or file receives a line at most this often. */
const LINE_EVERY_MS = 10_000;

/** Commands that take less time print no progress to a pipe or file. */
const PATIENCE_MS = 2000;

/** Clears the line of the cursor. */
const CLEAR = '\r\u001B[2K';

/**
 * Shows what a command does, on stderr. On a terminal, one line that changes. Elsewhere, a line after two seconds and then at
 * most one every ten. Use it for everything that can take more than two seconds.
 */
export class ProgressLine {
  private lastLineAt = performance.now() + PATIENCE_MS - LINE_EVERY_MS;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  /** Replaces the line. Control characters become spaces. */
  show(shown: string): void {
    const text = printable(shown);
    if (this.stream.isTTY) {
      this.stream.write(CLEAR + text.slice(0, (this.stream.columns || 80) - 1));
      return;
    }
    const now = performance.now();
    if (now - this.lastLineAt < LINE_EVERY_MS) return;
    this.lastLineAt = now;
    this.stream.write(`${text}\n`);
  }

  /** Removes the line. Call it before anything else is printed, also when the command fails. */
  clear(): void {
    if (this.stream.isTTY) this.stream.write(CLEAR);
  }
}
