import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import { type Access, INFER } from '../../identity/access';
import type { Authenticator } from '../../identity/authenticator';
import type { Caller } from '../../identity/caller';
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
 * The client of a stream is identified again with each message, because a stream may outlive its key or token.
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
    let stranger: Caller;
    let isFirst = true;
    const refused = (error: NexusError) => memoryOf(metadata).refuse(error);
    const failed = (error: unknown) => refused(error instanceof NexusError ? error : errors.internal());
    /** Identifies the client, and calls `done` with why it is rejected, if it is. */
    const admit = (done: Done) => {
      if (!authenticator.isOn) return done(undefined);
      const admitted = (found: Verified) => done(rejection(found, stranger, metadata, access, authenticator));
      const verified = identify(metadata, authenticator);
      if (verified instanceof Promise) verified.then(admitted, failed);
      else admitted(verified);
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (received, pass) => {
            metadata = received;
            stranger = callOf(received).caller;
            const done: Done = (error) => (error === undefined ? pass(received) : refused(error));
            admit((error) => (isUnlimited ? done(error) : limit(received, limits, error, done, failed)));
          },
          onReceiveMessage: (message: object, pass) => {
            const done: Done = (error) => {
              const model = modelIn(message)?.model;
              if (error !== undefined) refused(error);
              else if (isHidden(model, callOf(metadata).caller)) refused(errors.modelNotFound(model));
              else pass(message);
            };
            if (isFirst) done(undefined);
            else admit(done);
            isFirst = false;
          },
        }),
    });
  };
}

type Done = (error: NexusError | undefined) => void;

/** Whether a message names a model that `caller` may not see. A message without a model is about all of them. */
function isHidden(model: string | undefined, caller: Caller): model is string {
  return model !== undefined && model !== '' && !caller.sees(model);
}

/** Charges a call to the limits of its client, also if it is rejected with `error`. */
function limit(
  metadata: Metadata,
  limits: RateLimits,
  error: NexusError | undefined,
  done: Done,
  failed: (error: unknown) => void,
): void {
  const call = callOf(metadata);
  const decided = (verdict: Verdict | undefined) => {
    if (verdict === undefined) return done(error);
    call.standings = verdict.standings;
    if (!verdict.passed) return done(limitError(verdict));
    call.spend(verdict);
    done(error);
  };
  limits.decide(call.caller, decided, failed);
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
  stranger: Caller,
  metadata: Metadata,
  access: Access,
  authenticator: Authenticator,
): NexusError | undefined {
  const call = callOf(metadata);
  call.caller = caller ?? stranger;
  call.refusal = refusal;
  if (authenticator.permits(access, call.caller)) return undefined;
  if (caller !== undefined) return errors.forbidden();
  return refusal.unavailable ? errors.credentialsUnverified() : errors.unauthenticated();
}
