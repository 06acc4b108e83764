import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** The routes of this server, for the errors of requests that match none of them. */
    knownRoutes: KnownRoutes;
  }
}

interface Route {
  readonly path: RegExp;
  /** Whether it ends with a name and a verb, as in `<name>:predict`. */
  readonly isVerb: boolean;
  readonly allowed: Set<string>;
}

/** The methods that each path supports. Used only for requests that match no route. */
export class KnownRoutes {
  private readonly methods = new Map<string, Route>();

  /** Records every route that is added to `server` after this call. */
  static watch(server: FastifyInstance): void {
    const routes = new KnownRoutes();
    server.decorate('knownRoutes', routes);
    server.addHook('onRoute', ({ method, url }) => routes.add([method].flat(), url));
  }

  /** The methods that `path`, without a query string, supports; empty if the path does not exist. */
  methodsAt(path: string): readonly string[] {
    const all = [...this.methods.values()].filter((route) => route.path.test(path));
    // A name may end with the text of a verb, but a route with the verb takes precedence.
    const verbs = all.filter(({ isVerb }) => isVerb);
    const matches = verbs.length > 0 ? verbs : all;
    return [...new Set(matches.flatMap(({ allowed }) => [...allowed]))].toSorted();
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

/**
 * The paths that the `url` of a route matches: `:name` matches anything up to the next slash, `:name_predict` the same
 * followed by `:predict`, and `*` any rest.
 */
function patternOf(url: string): RegExp {
  const escaped = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(
    `^${escaped.replace(/:[^/]+?(_predict)?(?=\/|$)/g, (_, verb) => (verb ? '[^/]+:predict' : '[^/]+')).replace('*', '.*')}$`,
  );
}
