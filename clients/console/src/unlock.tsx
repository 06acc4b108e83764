import { useEffect, useRef } from 'preact/hooks';
import { useStore } from './ui/use-console.ts';

/** Asks for a key. */
export function Unlock() {
  const store = useStore();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const unlock = (event: Event) => {
    event.preventDefault();
    const key = input.current!.value.trim();
    if (key !== '') store.unlock(key);
  };
  const isRefused = store.status === 'refused';
  return (
    <form class="unlock panel" onSubmit={unlock}>
      <h1>{isRefused ? 'This key may not read the console' : 'This gateway needs a key'}</h1>
      <p class="muted">
        Enter an API key or a token with the scope <code>read</code> or <code>admin</code>. The page keeps it
        in memory only: it is gone when you close or reload the page.
      </p>
      {(isRefused || store.hasKey) && (
        <p class="banner bad" role="alert">
          {store.failure?.message}
        </p>
      )}
      <label for="key">API key</label>
      <div class="row">
        <input
          id="key"
          ref={input}
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          aria-describedby="key-hint"
        />
        <button type="submit" class="primary">
          Unlock
        </button>
      </div>
      <p id="key-hint" class="muted small">
        Create one with <code>npm run -s keys -- create me --scopes infer,read,admin</code>
      </p>
    </form>
  );
}
