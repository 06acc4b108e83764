import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** The routes of this server, for requests that none of them takes. */
    knownRoutes: KnownRoutes;
  }
}

/** Which methods the server takes at a path. Asked only when a request was not taken. */
export class KnownRoutes {
  private readonly methods = new Map<string, { readonly path: RegExp; readonly allowed: Set<string> }>();

  /** Notes every route that `server` gets from now on. */
  static watch(server: FastifyInstance): void {
    const routes = new KnownRoutes();
    server.decorate('knownRoutes', routes);
    server.addHook('onRoute', ({ method, url }) => routes.add([method].flat(), url));
  }

  /** The methods that a request for `path`, without its query, may have; empty when there is no such path. */
  methodsAt(path: string): readonly string[] {
    const found = [...this.methods.values()].filter((route) => route.path.test(path));
    return [...new Set(found.flatMap(({ allowed }) => [...allowed]))].toSorted();
  }

  private add(methods: readonly string[], url: string): void {
    let route = this.methods.get(url);
    if (route === undefined) this.methods.set(url, (route = { path: patternOf(url), allowed: new Set() }));
    for (const method of methods) route.allowed.add(method);
  }
}

/** What paths `url` of a route stands for: `:name` for anything up to the next slash, `:name_predict` for that and `:predict`, `*` for any rest. */
function patternOf(url: string): RegExp {
  const escaped = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(
    `^${escaped.replace(/:[^/]+?(_predict)?(?=\/|$)/g, (_, verb) => (verb ? '[^/]+:predict' : '[^/]+')).replace('*', '.*')}$`,
  );
}
