import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';

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
  /** By method. Hooks that run later complete the options. */
  readonly allowed: Map<string, RouteOptions>;
}

/** The methods that each path supports. Used only for requests that match no route. */
export class KnownRoutes {
  private readonly routes = new Map<string, Route>();
  private isHidden = (_route: Pick<RouteOptions, 'config'>, _request: FastifyRequest): boolean => false;

  /** Records every route that is added to `server` after this call. */
  static watch(server: FastifyInstance): void {
    const routes = new KnownRoutes();
    server.decorate('knownRoutes', routes);
    server.addHook('onRoute', (route) => routes.add(route));
  }

  /** From now on, routes for which `isHidden` holds do not exist for the request. */
  hide(isHidden: (route: Pick<RouteOptions, 'config'>, request: FastifyRequest) => boolean): void {
    this.isHidden = isHidden;
  }

  /** The methods that the path of `request` supports; empty if the path does not exist. */
  methodsFor(request: FastifyRequest): readonly string[] {
    const path = request.url.split('?', 1)[0]!;
    const all = [...this.routes.values()].filter((route) => route.path.test(path));
    // A name may end with the text of a verb, but a route with the verb takes precedence.
    const verbs = all.filter(({ isVerb }) => isVerb);
    const matches = verbs.length > 0 ? verbs : all;
    const allowed = matches.flatMap((route) => [...route.allowed]);
    const shown = allowed.filter(([, options]) => !this.isHidden(options, request));
    return [...new Set(shown.map(([method]) => method))].toSorted();
  }

  private add(options: RouteOptions): void {
    const { url } = options;
    let route = this.routes.get(url);
    if (route === undefined) {
      route = { path: patternOf(url), isVerb: url.endsWith('_predict'), allowed: new Map() };
      this.routes.set(url, route);
    }
    for (const method of [options.method].flat()) route.allowed.set(method, options);
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
