import type { NexusError } from './errors';

/** An error as it is sent: the Open Inference Protocol's text on /v2, an object elsewhere. */
export type ErrorBody =
  | { readonly error: string }
  | {
      readonly error: {
        readonly message: string;
        readonly type: string;
        readonly param: string | null;
        readonly code: string;
      };
    };

/** The body for `error` as an answer to a request for `url`. */
export function errorBody(error: NexusError, url: string): ErrorBody {
  const { message, kind, code, details } = error;
  if (/^\/v2(?=[/?]|$)/.test(url)) return { error: message };
  return { error: { message, type: kind, param: details.param ?? null, code } };
}
