import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Api } from './data/api.ts';
import type { Store } from './data/store.ts';
import { ModelPage } from './model/model-page.tsx';
import { Overview } from './overview/overview.tsx';
import { Unlock } from './unlock.tsx';
import { useRoute } from './ui/route.ts';
import { ConsoleContext, useStore } from './ui/use-console.ts';

const NOTICE_MS = 6000;

/** The whole page. */
export function App({ api, store }: { api: Api; store: Store }) {
  const [notice, setNotice] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setNotice(''), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  const value = useMemo(() => ({ api, store, announce: setNotice }), [api, store]);
  return (
    <ConsoleContext.Provider value={value}>
      <a class="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <Header />
      <Page />
      <div class="notice" role="status">
        {notice}
      </div>
    </ConsoleContext.Provider>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

/** The documentation is a page of its own, to which a browser does not send the key: then there is no link. */
function Header() {
  const store = useStore();
  const words = {
    live: ['ok', 'Live'],
    connecting: ['busy', 'Connecting'],
    disconnected: ['bad', 'Disconnected'],
    locked: ['idle', 'Locked'],
    refused: ['bad', 'No access'],
  } as const;
  const [kind, name] = words[store.status];
  return (
    <header class="top">
      <a href="#/" class="brand">
        <svg viewBox="0 0 16 16" width="22" height="22" aria-hidden="true">
          <rect width="16" height="16" rx="4" />
          <path d="M4.5 12V4l7 8V4" />
        </svg>
        Nexus
      </a>
      <nav aria-label="Pages">
        <a href="#/">Overview</a>
        {!store.hasKey && store.status !== 'locked' && <a href="docs">API</a>}
      </nav>
      <div class="who">
        {store.caller && store.status === 'live' && <span class="muted wide">{store.caller.id}</span>}
        <span class={`state ${kind}`}>
          <i aria-hidden="true" />
          {name}
        </span>
        <Forget />
      </div>
    </header>
  );
}

/** Forgets the key, where there is one. */
function Forget() {
  const store = useStore();
  if (!store.hasKey || store.status === 'locked') return null;
  return (
    <button type="button" class="quiet" onClick={() => store.unlock(undefined)}>
      Lock
    </button>
  );
}

function Page() {
  const store = useStore();
  const model = useRoute();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = model === undefined ? 'Nexus console' : `${model} – Nexus console`;
    // A new page starts at its top, for the eye and for screen readers.
    if (!isFirst.current) {
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [model]);

  const isLocked = store.status === 'locked' || store.status === 'refused';
  const isWaiting = store.gateway === undefined;
  return (
    <main id="main" ref={main} tabIndex={-1}>
      {isLocked ? (
        <Unlock />
      ) : (
        <>
          {store.status === 'disconnected' && (
            <p class="banner bad" role="alert">
              {store.failure?.message} Trying again
              {isWaiting ? '.' : '; the values below are the last ones.'}
              <button type="button" onClick={() => store.connect()}>
                Try now
              </button>
            </p>
          )}
          {isWaiting ? (
            <Loading />
          ) : model === undefined ? (
            <Overview />
          ) : (
            <ModelPage key={model} model={model} />
          )}
        </>
      )}
    </main>
  );
}

function Loading() {
  return (
    <div aria-busy="true">
      <h1 class="hidden">Loading</h1>
      <div class="skeleton short" />
      <div class="charts">
        <div class="skeleton" />
        <div class="skeleton" />
      </div>
      <div class="skeleton tall" />
    </div>
  );
}
