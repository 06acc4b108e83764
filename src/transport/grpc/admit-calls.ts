import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import { type Access, INFER } from '../../identity/access';
import type { Authenticator } from '../../identity/authenticator';
import { Refusal } from '../../identity/refusal';
import { limitError } from '../../limits/limit-error';
import type { Verdict } from '../../limits/verdict';
import type { RateLimits } from '../../rate-limit/rate-limits';
import type { Verified } from '../../identity/verified';
import { memoryOf } from './call-memory';
import { callOf } from './grpc-call';
import { modelIn } from './requested-model';

/**
 * Identifies the client of every call, and rejects the call before its message is handled unless the client may use the
 * method and the model that the message names. Methods that receive raw bytes check the model themselves. A model that
 * the client may not see is reported like one that does not exist. It must run after {@link observeCalls}.
 *
 * @param accessOf what the method with a path such as `/inference.GRPCInferenceService/ModelInfer` requires.
 */
export function admitCalls(
  authenticator: Authenticator,
  limits: RateLimits,
  accessOf: (path: string) => Access,
): ServerInterceptor {
  return ({ path, requestStream }, call) => {
    const access = accessOf(path);
    // Each request of a stream counts for itself.
    const isUnlimited = access.unlimited === true || (requestStream && access === INFER);
    let metadata: Metadata;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (received, pass) => {
            metadata = received;
            const done = (error: NexusError | undefined) => {
              if (error === undefined) pass(received);
              else refuse(error, received);
            };
            const failed = (error: unknown) => done(error instanceof NexusError ? error : errors.internal());
            const limited = (error: NexusError | undefined) =>
              isUnlimited ? done(error) : limit(received, limits, error, done, failed);
            if (!authenticator.isOn) return limited(undefined);
            const admitted = (found: Verified) => limited(rejection(found, received, access, authenticator));
            const verified = identify(received, authenticator);
            if (verified instanceof Promise) verified.then(admitted, failed);
            else admitted(verified);
          },
          onReceiveMessage: (message: object, pass) => {
            const model = modelIn(message)?.model;
            const isHidden = model !== undefined && model !== '' && !callOf(metadata).caller.sees(model);
            if (isHidden) refuse(errors.modelNotFound(model), metadata);
            else pass(message);
          },
        }),
    });
  };
}

/** Charges a call to the limits of its client, also if it is rejected with `error`. */
function limit(
  metadata: Metadata,
  limits: RateLimits,
  error: NexusError | undefined,
  done: (error: NexusError | undefined) => void,
  failed: (error: unknown) => void,
): void {
  const call = callOf(metadata);
  const decided = (verdict: Verdict) => {
    call.standings = verdict.standings;
    if (!verdict.passed) return done(limitError(verdict));
    call.spend(verdict);
    done(error);
  };
  try {
    const verdict = limits.admit(call.caller);
    if (verdict === undefined) done(error);
    else if (verdict instanceof Promise) verdict.then(decided, failed);
    else decided(verdict);
  } catch (refusal) {
    failed(refusal);
  }
}

function refuse(error: NexusError, metadata: Metadata): void {
  memoryOf(metadata).refuse(error);
}

function identify(metadata: Metadata, authenticator: Authenticator): Verified | Promise<Verified> {
  const authorization = metadata.get('authorization');
  const apiKey = metadata.get('x-api-key');
  if (authorization.length > 1 || apiKey.length > 1)
    return { refusal: new Refusal('the metadata has the same credential key twice') };
  const hasSecret = authorization.length > 0 || apiKey.length > 0;
  const subject = hasSecret ? undefined : callOf(metadata).subject;
  return authenticator.identify({ authorization: text(authorization[0]), apiKey: text(apiKey[0]), subject });
}

function text(value: string | Buffer | undefined): string | undefined {
  return value?.toString();
}

/** Why the call is rejected; undefined if it is let in. */
function rejection(
  { caller, refusal }: Verified,
  metadata: Metadata,
  access: Access,
  authenticator: Authenticator,
): NexusError | undefined {
  const call = callOf(metadata);
  if (caller !== undefined) call.caller = caller;
  call.refusal = refusal;
  if (authenticator.permits(access, call.caller)) return undefined;
  return caller === undefined ? errors.unauthenticated() : errors.forbidden();
}
