import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** The routes of this server, for requests that none of them takes. */
    knownRoutes: KnownRoutes;
  }
}

interface Route {
  readonly path: RegExp;
  /** Whether it ends with a verb behind a name, as in `:predict`. */
  readonly isVerb: boolean;
  readonly allowed: Set<string>;
}

/** Which methods the server takes at a path. Asked only when a request was not taken. */
export class KnownRoutes {
  private readonly methods = new Map<string, Route>();

  /** Notes every route that `server` gets from now on. */
  static watch(server: FastifyInstance): void {
    const routes = new KnownRoutes();
    server.decorate('knownRoutes', routes);
    server.addHook('onRoute', ({ method, url }) => routes.add([method].flat(), url));
  }

  /** The methods that a request for `path`, without its query, may have; empty when there is no such path. */
  methodsAt(path: string): readonly string[] {
    const all = [...this.methods.values()].filter((route) => route.path.test(path));
    // A name may end like a verb, but where there is the verb it is that.
    const verbs = all.filter(({ isVerb }) => isVerb);
    const found = verbs.length > 0 ? verbs : all;
    return [...new Set(found.flatMap(({ allowed }) => [...allowed]))].toSorted();
  }

  private add(methods: readonly string[], url: string): void {
    let route = this.methods.get(url);
    if (route === undefined) {
      route = { path: patternOf(url), isVerb: url.endsWith('_predict'), allowed: new Set() };
      this.methods.set(url, route);
    }
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
