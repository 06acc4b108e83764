import type { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';
import { ADMIN } from '../../identity/access';
import type { Authenticator } from '../../identity/authenticator';
import type { Caller } from '../../identity/caller';
import type { Refusal } from '../../identity/refusal';
import type { Verified } from '../../identity/verified';
import { clientSubjectOf } from '../tls/client-subject';

declare module 'fastify' {
  interface FastifyRequest {
    /** The client. Set before any handler or guard runs. */
    caller: Caller;
    /** Why its credentials were refused, for its log line. */
    refusal: Refusal | undefined;
  }
}

/** How a client that has no valid credentials may authenticate (RFC 9110 section 11.6.1). */
const CHALLENGE = 'Bearer realm="nexus"';

/** For pages, so that browsers ask for a password, which is the key. */
const PAGE_CHALLENGE = 'Basic realm="nexus", charset="UTF-8"';

/**
 * Identifies the client of every request, and rejects the request before its body is read unless the client may use the
 * route and the model in its path. A model that the client may not see is reported like one that does not exist.
 */
export function admitRequests(server: FastifyInstance, authenticator: Authenticator): void {
  // Declared in advance, so that setting the properties does not change the hidden class of the request.
  server.decorateRequest('caller');
  server.decorateRequest('refusal', undefined);
  server.addHook('onRequest', (request, reply, done) => {
    if (!authenticator.isOn || request.is404) {
      request.caller = authenticator.stranger(request);
      return done();
    }
    const verified = identify(request, authenticator);
    const admitted = (found: Verified) => done(rejection(found, request, reply, authenticator));
    if (verified instanceof Promise) verified.then(admitted, done);
    else admitted(verified);
  });
}

function identify(
  { headers, raw }: FastifyRequest,
  authenticator: Authenticator,
): Verified | Promise<Verified> {
  const { authorization } = headers;
  const apiKey = headers['x-api-key'] as string | undefined;
  const hasSecret = authorization !== undefined || apiKey !== undefined;
  const subject = hasSecret ? undefined : clientSubjectOf(raw.socket as TLSSocket);
  return authenticator.identify({ authorization, apiKey, subject });
}

/** Why `request` is rejected; undefined if it is let in. */
function rejection(
  { caller, refusal }: Verified,
  request: FastifyRequest,
  reply: FastifyReply,
  authenticator: Authenticator,
) {
  const { access = ADMIN } = request.routeOptions.config;
  request.caller = caller ?? authenticator.stranger(request);
  request.refusal = refusal;
  if (!authenticator.permits(access, request.caller)) {
    if (caller !== undefined) return errors.forbidden();
    if (refusal.unavailable) return errors.credentialsUnverified();
    reply.header('www-authenticate', access.area === 'docs' ? PAGE_CHALLENGE : CHALLENGE);
    return errors.unauthenticated();
  }
  const { model } = request.params as { readonly model?: string };
  return model === undefined || request.caller.sees(model) ? undefined : errors.modelNotFound(model);
}
