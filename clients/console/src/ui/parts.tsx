import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { ConsoleModel } from '../data/schemas.ts';
import { NONE } from './format.ts';
import { useConsole } from './use-console.ts';

const STATES: Record<string, [string, string]> = {
  READY: ['ok', 'Ready'],
  LOADING: ['busy', 'Loading'],
  UNLOADING: ['busy', 'Unloading'],
  UNAVAILABLE: ['bad', 'Unavailable'],
  ready: ['ok', 'Ready'],
  starting: ['busy', 'Starting'],
  draining: ['busy', 'Draining'],
  not_ready: ['bad', 'Not ready'],
  healthy: ['ok', 'Healthy'],
  unknown: ['idle', 'Unknown'],
  ejected: ['bad', 'Ejected'],
  unreachable: ['bad', 'Unreachable'],
};

/** The state of a model, a target or the gateway, as a word and a coloured dot. */
export function State({ state, reason = '' }: { state: string; reason?: string }) {
  const [kind, name] = reason === 'unloaded' ? ['idle', 'Unloaded'] : (STATES[state] ?? ['idle', state]);
  return (
    <span class={`state ${kind}`}>
      <i aria-hidden="true" />
      {name}
    </span>
  );
}

/** The most urgent state of some versions, with its reason. */
export function worstOf(versions: readonly ConsoleModel[]): ConsoleModel | undefined {
  const order = ['UNAVAILABLE', 'LOADING', 'UNLOADING', 'READY'];
  const rank = ({ state, reason }: ConsoleModel) => (reason === 'unloaded' ? 4 : order.indexOf(state));
  return versions.toSorted((one, other) => rank(one) - rank(other))[0];
}

/** A part of the page with a heading. */
export function Section(props: {
  title: string;
  note?: string | undefined;
  children: ComponentChildren;
  aside?: ComponentChildren;
}) {
  const id = useId();
  return (
    <section aria-labelledby={id} class="section">
      <header>
        <h2 id={id}>{props.title}</h2>
        {props.note && <span class="muted">{props.note}</span>}
        {props.aside && <div class="aside">{props.aside}</div>}
      </header>
      {props.children}
    </section>
  );
}

/** What is shown where a list is empty. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty panel">{children}</p>;
}

/** The head of a column; a second element aligns it like the numbers below it. */
export type Head = string | readonly [string, 'number'];

/** A table that scrolls sideways within itself on narrow screens. */
export function Table(props: { label: string; head: readonly Head[]; children: ComponentChildren }) {
  return (
    <div class="panel scroll" tabIndex={0} role="region" aria-label={props.label}>
      <table>
        <thead>
          <tr>
            {props.head.map((head) => {
              const [name, kind] = typeof head === 'string' ? [head, undefined] : head;
              return (
                <th key={name} scope="col" class={kind}>
                  {name || <span class="hidden">Actions</span>}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}

/** One name and its value. */
export function Fact({
  name,
  children,
  title,
}: {
  name: string;
  children: ComponentChildren;
  title?: string;
}) {
  return (
    <div class="fact" title={title}>
      <dt>{name}</dt>
      <dd>{children === undefined || children === '' ? NONE : children}</dd>
    </div>
  );
}

/** Copies `text`. */
export function Copy({ text, label }: { text: string; label: string }) {
  const { announce } = useConsole();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      announce(`${label} copied`);
    } catch {
      announce('The browser does not allow copying: select the text instead');
    }
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()} aria-label={`Copy ${label}`}>
      Copy
    </button>
  );
}
