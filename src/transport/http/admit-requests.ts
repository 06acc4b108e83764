import type { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';
import { ADMIN, INFER, type Access } from '../../identity/access';
import type { Authenticator } from '../../identity/authenticator';
import type { Caller } from '../../identity/caller';
import type { Refusal } from '../../identity/refusal';
import { limitError } from '../../limits/limit-error';
import type { Passed, Standing, Verdict } from '../../limits/verdict';
import type { RateLimits } from '../../rate-limit/rate-limits';
import { settle } from '../../rate-limit/settle';
import { CHALLENGE } from '../challenge';
import { setLimitHeaders } from './set-limit-headers';
import type { Verified } from '../../identity/verified';
import { clientSubjectOf } from '../tls/client-subject';

declare module 'fastify' {
  interface FastifyRequest {
    /** The client. Set before any handler or guard runs. */
    caller: Caller;
    /** Why its credentials were refused, for its log line. */
    refusal: Refusal | undefined;
    /** What it has taken from the limits of its client. */
    spent: Passed | undefined;
    /** The limits that it counts against, for its headers; undefined if there are none. */
    standings: readonly Standing[] | undefined;
  }
}

/** For pages, so that browsers ask for a password, which is the key. */
const PAGE_CHALLENGE = 'Basic realm="nexus", charset="UTF-8"';

/**
 * Identifies the client of every request, and rejects the request before its body is read unless the client may use the
 * route and the model in its path, and is within its limits. A model that the client may not see is reported like one that does not exist.
 */
export function admitRequests(
  server: FastifyInstance,
  authenticator: Authenticator,
  limits: RateLimits,
): void {
  // Declared in advance, so that setting the properties does not change the hidden class of the request.
  server.decorateRequest('caller');
  server.decorateRequest('refusal', undefined);
  server.decorateRequest('spent', undefined);
  server.decorateRequest('standings', undefined);
  server.addHook('onRequest', (request, reply, done) => {
    request.caller = authenticator.stranger(request);
    const { url, access = ADMIN } = request.route;
    if (url === undefined) return done();
    const limited = (error: Error | undefined) =>
      access.unlimited === true ? done(error) : limit(request, reply, limits, error, done);
    if (!authenticator.isOn) return limited(undefined);
    const verified = identify(request, authenticator);
    const admitted = (found: Verified) => limited(rejection(found, access, request, reply, authenticator));
    if (verified instanceof Promise) verified.then(admitted, done);
    else admitted(verified);
  });
}

type Done = (error?: Error) => void;

/** Charges `request` to the limits of its client, also if it is rejected with `error`. */
function limit(
  request: FastifyRequest,
  reply: FastifyReply,
  limits: RateLimits,
  error: Error | undefined,
  done: Done,
): void {
  const decided = (verdict: Verdict | undefined) => {
    if (verdict === undefined) return done(error);
    request.standings = verdict.standings;
    if (!verdict.passed) return done(limitError(verdict));
    request.spent = verdict;
    // A client that has left in the meantime is not noticed again.
    if (reply.raw.destroyed) settle(verdict, undefined);
    // The response to an error writes its headers itself, and so does that of an inference request, whose contents may
    // count against more limits.
    if (error === undefined && request.route.access !== INFER) setLimitHeaders(reply, verdict.standings);
    done(error);
  };
  limits.decide(request.caller, decided, (failure) => done(failure as Error));
}

/** The client that sends `request`, or why its credentials are refused. */
export function identify(
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
  access: Access,
  request: FastifyRequest,
  reply: FastifyReply,
  authenticator: Authenticator,
) {
  if (caller !== undefined) request.caller = caller;
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
