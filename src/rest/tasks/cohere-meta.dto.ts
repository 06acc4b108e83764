/** The units of a request. */
export class CohereBilledUnits {
  /** Number of tokens of all texts. */
  input_tokens: number;
}

/** The version of the API. */
export class CohereApiVersion {
  /** @example 2 */
  version: string;
}

/** Facts about a response. */
export class CohereMeta {
  api_version: CohereApiVersion;
  billed_units: CohereBilledUnits;
}
