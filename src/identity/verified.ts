import type { Caller } from './caller';
import type { Refusal } from './refusal';

/** The result of checking credentials: the client that they name, or why they were refused. */
export type Verified =
  | { readonly caller: Caller; readonly refusal?: undefined }
  | { readonly caller?: undefined; readonly refusal: Refusal };
