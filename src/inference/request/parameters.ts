/** Value of a parameter. */
export type ParameterValue = string | number | boolean;

/** Parameters of a request or a tensor, as the client sent them. */
export type Parameters = Readonly<Record<string, ParameterValue>>;
