import { useEffect, useState } from 'preact/hooks';

/** The model in the address `#/models/<name>`; undefined for the overview. */
export function useRoute(): string | undefined {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  const [, encoded] = /^#\/models\/(.+)$/.exec(hash) ?? [];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** The address of the page of a model. */
export function modelHref(model: string): string {
  return `#/models/${encodeURIComponent(model)}`;
}
