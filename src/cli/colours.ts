import { styleText } from 'node:util';

/** What a style means, and how it looks. */
const STYLES = {
  heading: 'bold',
  good: 'green',
  warning: 'yellow',
  bad: 'red',
  quiet: 'dim',
} as const;

/** Meaning of a piece of text, which selects its colour. */
export type Style = keyof typeof STYLES;

/**
 * Returns `text` in the colour of `style` if `stream` is a terminal. NO_COLOR turns colours off, and FORCE_COLOR turns them on
 * everywhere.
 */
export function paint(
  style: Style,
  text: string,
  stream: NodeJS.WritableStream & { isTTY?: boolean } = process.stdout,
): string {
  return styleText(STYLES[style], text, { stream, validateStream: true });
}
