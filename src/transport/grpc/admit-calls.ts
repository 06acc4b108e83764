import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { errors } from '../../common/errors';
import type { NexusError } from '../../common/nexus-error';
import type { Access } from '../../identity/access';
import type { Authenticator } from '../../identity/authenticator';
import type { Caller } from '../../identity/caller';
import { Refusal } from '../../identity/refusal';
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
  accessOf: (path: string) => Access,
): ServerInterceptor {
  return ({ path }, call) => {
    const access = accessOf(path);
    let metadata: Metadata;
    let stranger: Caller;
    let isFirst = true;
    const admit = (pass: () => void) => {
      if (!authenticator.isOn) return pass();
      const admitted = (found: Verified) => {
        const error = rejection(found, stranger, metadata, access, authenticator);
        if (error === undefined) pass();
        else refuse(error, metadata);
      };
      const verified = identify(metadata, authenticator);
      if (verified instanceof Promise) verified.then(admitted, () => refuse(errors.internal(), metadata));
      else admitted(verified);
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (received, pass) => {
            metadata = received;
            stranger = callOf(received).caller;
            admit(() => pass(received));
          },
          onReceiveMessage: (message: object, pass) => {
            const passVisible = () => {
              const model = modelIn(message)?.model;
              const isHidden = model !== undefined && model !== '' && !callOf(metadata).caller.sees(model);
              if (isHidden) refuse(errors.modelNotFound(model), metadata);
              else pass(message);
            };
            if (isFirst) passVisible();
            else admit(passVisible);
            isFirst = false;
          },
        }),
    });
  };
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
