import type { FastifyInstance } from 'fastify';

/** Methods of the API. */
const METHODS = 'GET, HEAD, POST, PUT, DELETE';

/** How long browsers remember the answer to a preflight, in seconds; Chromium accepts no more. */
const MAX_AGE_S = '7200';

/**
 * Lets pages of `origins`, or of every origin if that is `*`, call `server` from a browser (Fetch Standard, section 3.3).
 * Cookies and client certificates are not allowed. A preflight is answered before hooks that are added later, because it
 * carries no credentials. Without origins, nothing is added to `server`.
 *
 * Not `@fastify/cors`, which adds a route for every path: unknown paths would then receive 405, and OPTIONS requests that
 * are no preflights would succeed.
 */
export function allowOrigins(server: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const isForAll = origins.includes('*');
  const allowed = new Set(origins);
  server.addHook('onRequest', (request, reply, done) => {
    const { origin, 'access-control-request-method': asked } = request.headers;
    if (!isForAll) reply.header('vary', 'origin');
    if (origin === undefined || (!isForAll && !allowed.has(origin))) return done();
    reply.header('access-control-allow-origin', isForAll ? '*' : origin);
    // Without cookies, this exposes all headers.
    reply.header('access-control-expose-headers', '*');
    if (request.method !== 'OPTIONS' || asked === undefined) return done();
    reply.header('access-control-allow-methods', METHODS);
    // Repeats what the page names, because `*` does not include Authorization.
    const headers = request.headers['access-control-request-headers'];
    if (headers !== undefined) reply.header('access-control-allow-headers', headers);
    reply.header('access-control-max-age', MAX_AGE_S).code(204).send();
  });
}
