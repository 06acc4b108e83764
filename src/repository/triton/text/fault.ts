/** Position in a text: line and, if useful, column, both starting at 1. */
export interface Position {
  readonly line: number;
  readonly column?: number;
}

/** An error in a model configuration. The message starts with the position, `12: ` or `12:3: `. */
export class Fault extends Error {
  override readonly name = 'Fault';

  constructor({ line, column }: Position, what: string) {
    super(`${line}:${column === undefined ? '' : `${column}:`} ${what}`);
  }
}
