import type { ObjectStore } from '../store';

/** The stores that this thread has used. They keep connections and credentials. */
const opened = new Map<string, Promise<ObjectStore>>();

/** The store of the repository at `url`. The client of another kind of store is not read from disk. */
export function openStore(url: string): Promise<ObjectStore> {
  let store = opened.get(url);
  if (store === undefined) opened.set(url, (store = open(url)));
  return store;
}

async function open(url: string): Promise<ObjectStore> {
  switch (url.slice(0, url.indexOf(':'))) {
    case 's3':
      return new (await import('./s3-store.js')).S3Store(url);
    case 'gs':
      return new (await import('./gs-store.js')).GsStore(url);
    case 'hf':
      return new (await import('./hub-store.js')).HubStore(url);
    default:
      return new (await import('./web-store.js')).WebStore(url);
  }
}
