/** What went wrong: what was expected, what came, how to fix it. */
export class V2Error {
  /** @example model 'digit' is not found; GET /v2/models lists the models */
  error: string;
}
