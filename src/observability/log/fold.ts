import { stripVTControlCharacters } from 'node:util';

/**
 * Breaks `line` at spaces, so that it fits into `width` columns. Further lines are indented by `indent` columns. A word
 * that is longer than a line is not broken.
 */
export function fold(line: string, width: number, indent: number): string {
  if (line.length <= width || columnsOf(line) <= width) return line;
  const margin = ' '.repeat(indent);
  const lines: string[] = [];
  let current = '';
  let used = 0;
  for (const word of line.split(/(?<= )(?! )/)) {
    const columns = columnsOf(word.trimEnd());
    if (used + columns > width && current.trim() !== '') {
      lines.push(current.trimEnd());
      current = margin;
      used = indent;
    }
    current += word;
    used += columnsOf(word);
  }
  return [...lines, current].join('\n');
}

/** Colour codes take no room on a terminal. */
function columnsOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
