import type { Caller } from './caller';
import type { Refusal } from './refusal';

/** What credentials prove: the client that sent them, or why they are refused. Exactly one of the two is set. */
export type Verified =
  | { readonly caller: Caller; readonly refusal?: undefined }
  | { readonly caller?: undefined; readonly refusal: Refusal };
