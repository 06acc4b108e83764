/** What texts are for in the API of Cohere, which selects a prompt of the model. */
export const PURPOSES = ['search_document', 'search_query', 'classification', 'clustering'] as const;

/** The usual names of the prompts for each purpose, in order of preference. */
export const PROMPTS: Readonly<Record<(typeof PURPOSES)[number], readonly string[]>> = {
  search_document: ['passage', 'document', 'search_document'],
  search_query: ['query', 'search_query'],
  classification: ['classification'],
  clustering: ['clustering'],
};
