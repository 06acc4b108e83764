import { createContext } from 'preact';
import { useContext, useLayoutEffect, useReducer } from 'preact/hooks';
import type { Api } from '../data/api.ts';
import type { Store } from '../data/store.ts';

/** What every component may use. */
export interface Console {
  readonly api: Api;
  readonly store: Store;
  /** Says `text` to screen readers and shows it for a few seconds. */
  readonly announce: (text: string) => void;
}

export const ConsoleContext = createContext<Console | undefined>(undefined);

export function useConsole(): Console {
  return useContext(ConsoleContext)!;
}

/** The store; the component renders again whenever it changes. */
export function useStore(): Store {
  const { store } = useConsole();
  const [, render] = useReducer((count: number) => count + 1, 0);
  // Before the browser paints, so that no change falls between the first rendering and this.
  useLayoutEffect(() => store.onChange(() => render(undefined)), [store]);
  return store;
}
