/** Where something stands in a text: line and, where it helps, column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column?: number;
}

/** What is wrong with a config.pbtxt. The message starts with the position, `12: ` or `12:3: `. */
export class Fault extends Error {
  override readonly name = 'Fault';

  constructor({ line, column }: Position, what: string) {
    super(`${line}:${column === undefined ? '' : `${column}:`} ${what}`);
  }
}
