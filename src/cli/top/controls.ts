import type { Key } from 'node:readline';
import { COLUMNS } from './columns';
import { FIRST_CHOICE, type Choice } from './view';

/** The size of what a key can move in. */
export interface Extent {
  /** Models that the filter lets through. */
  readonly models: number;
  /** Rows that the screen shows. */
  readonly rows: number;
}

/** The choice after a key; undefined if the key ends the program. `text` is the character that it types. */
export function choiceAfter(
  choice: Choice,
  key: Key,
  text: string | undefined,
  { models, rows }: Extent,
): Choice | undefined {
  if (key.ctrl === true && key.name === 'c') return undefined;
  if (choice.isTyping) return typed(choice, key, text);
  const scrolled = (by: number) => ({
    ...choice,
    offset: Math.max(0, Math.min(choice.offset + by, models - rows)),
  });
  switch (key.name) {
    case 'q':
      return undefined;
    case 'left':
    case 'right': {
      const step = key.name === 'right' ? 1 : COLUMNS.length - 1;
      return { ...choice, column: (choice.column + step) % COLUMNS.length, isReversed: false, offset: 0 };
    }
    case 'r':
      return { ...choice, isReversed: !choice.isReversed, offset: 0 };
    case 'up':
      return scrolled(-1);
    case 'down':
      return scrolled(1);
    case 'pageup':
      return scrolled(-rows);
    case 'pagedown':
      return scrolled(rows);
    case 'escape':
      return FIRST_CHOICE;
    default:
      return text === '/' ? { ...choice, isTyping: true, offset: 0 } : choice;
  }
}

function typed(choice: Choice, { name, ctrl = false, meta = false }: Key, text = ''): Choice {
  if (name === 'return' || name === 'enter') return { ...choice, isTyping: false };
  if (name === 'escape') return { ...choice, isTyping: false, filter: '' };
  if (name === 'backspace') return { ...choice, filter: choice.filter.slice(0, -1) };
  return ctrl || meta || !/^\P{Cc}$/u.test(text) ? choice : { ...choice, filter: choice.filter + text };
}
