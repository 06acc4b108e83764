/** An error: what was expected, what was received and how to fix it. */
export class V2Error {
  /**
   * What was expected, what was received and how to fix it.
   * @example model 'digit' not found; GET /v2/models lists the models being served, POST /v2/repository/index all models
   */
  error: string;
}

/** An error, for people and for programs. */
export class ErrorDetails {
  /**
   * What was expected, what was received and how to fix it.
   * @example inputs.image[3][7]: expected a number, null, "NaN", "Infinity" or "-Infinity" in the range of FP32, got "x"
   */
  message: string;
  /**
   * The kind of the error, which determines the status.
   * @example invalid
   */
  type: string;
  /**
   * The part of the request that caused the error, if known.
   * @example inputs.image[3][7]
   */
  param: string | null;
  /**
   * A stable identifier of the error for programs.
   * @example invalid_input
   */
  code: string;
}

/** The response to a request that failed. */
export class ErrorAnswer {
  error: ErrorDetails;
}

/** An error of an operation of Cohere's API. */
export class CohereError {
  /**
   * What was expected, what was received and how to fix it.
   * @example model 'ranks' not found; GET /v2/models lists the models being served, POST /v2/repository/index all models
   */
  message: string;
}

/** An error of an operation that clients of Cohere and of Jina share. */
export class RerankError extends CohereError {
  /** The same text, for clients of Jina. */
  detail: string;
}

/** An error of an operation of Text Embeddings Inference. */
export class TeiError {
  /**
   * What was expected, what was received and how to fix it.
   * @example inputs: expected at least one text
   */
  error: string;
  /** @example Empty */
  error_type: 'Validation' | 'Empty' | 'Overloaded' | 'Unhealthy' | 'Backend';
}
