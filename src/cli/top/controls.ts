import type { Key } from 'node:readline';
import { COLUMNS } from './columns';
import { FIRST_VIEW, type View } from './view';

/** The size of what a key can move in. */
export interface Extent {
  /** Models that the filter lets through. */
  readonly models: number;
  /** Rows that the screen shows. */
  readonly rows: number;
}

/** The view after a key; undefined if the key ends the program. `text` is the character that it types. */
export function viewAfter(
  view: View,
  key: Key,
  text: string | undefined,
  { models, rows }: Extent,
): View | undefined {
  if (key.ctrl === true && key.name === 'c') return undefined;
  if (view.isTyping) return typed(view, key, text);
  const scrolled = (by: number) => ({
    ...view,
    offset: Math.max(0, Math.min(view.offset + by, models - rows)),
  });
  switch (key.name) {
    case 'q':
      return undefined;
    case 'left':
    case 'right': {
      const step = key.name === 'right' ? 1 : COLUMNS.length - 1;
      return { ...view, column: (view.column + step) % COLUMNS.length, isReversed: false, offset: 0 };
    }
    case 'r':
      return { ...view, isReversed: !view.isReversed, offset: 0 };
    case 'up':
      return scrolled(-1);
    case 'down':
      return scrolled(1);
    case 'pageup':
      return scrolled(-rows);
    case 'pagedown':
      return scrolled(rows);
    case 'escape':
      return FIRST_VIEW;
    default:
      return text === '/' ? { ...view, isTyping: true, offset: 0 } : view;
  }
}

function typed(view: View, { name, ctrl = false, meta = false }: Key, text = ''): View {
  if (name === 'return' || name === 'enter') return { ...view, isTyping: false };
  if (name === 'escape') return { ...view, isTyping: false, filter: '' };
  if (name === 'backspace') return { ...view, filter: view.filter.slice(0, -1) };
  return ctrl || meta || !/^\P{Cc}$/u.test(text) ? view : { ...view, filter: view.filter + text };
}
