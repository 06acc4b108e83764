/** JSON schema of the member `model` where it is required, without an example. */
export const MODEL = {
  type: String,
  minLength: 1,
  description: 'Name of the model, or the name and a version or alias: `name:alias`.',
} as const;

/** JSON schema of the member `max_tokens_per_doc` of rankings. */
export const MAX_TOKENS_PER_DOC = {
  type: 'integer',
  minimum: 1,
  nullable: true,
  description: 'Maximum number of tokens of the query and a document, if lower than that of the model.',
} as const;
