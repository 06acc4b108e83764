import { render } from 'preact';
import { App } from './app.tsx';
import { Api } from './data/api.ts';
import { Store } from './data/store.ts';

const api = new Api();
const store = new Store(api);
store.connect();
render(<App api={api} store={store} />, document.getElementById('console')!);
