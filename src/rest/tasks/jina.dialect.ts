import { mismatch } from '../../common/mismatch';
import { metaOf } from './cohere-meta';
import { asBoolean, asWhole, optional } from './members';
import { ranked, rankingRequest } from './ranking';
import { taskDialect, type TaskRequest } from './task-dialect';
import { asItems, textsOf } from './texts';
import { outputOf, tokenCount } from './vectors';

/** A request for a ranking in the API of Jina, which is also that of vLLM and of Cohere's first version. */
export interface JinaRanking extends TaskRequest {
  /** Number of documents to return; undefined for all. */
  readonly topN: number | undefined;
  readonly returnsDocuments: boolean;
}

/**
 * `POST /v1/rerank` of the APIs of Jina, of vLLM and of Cohere, whose first version has the same request. The response has
 * the members that any of their clients reads.
 */
export const jinaRerank = taskDialect<JinaRanking>({
  module: __filename,
  name: 'jinaRerank',
  tasks: ['reranking'],
  read(body) {
    optional(body, 'rank_fields', requireTextField);
    const documents = asItems(body['documents'], 'documents').map(textOfDocument);
    return {
      ...rankingRequest(body, documents),
      // vLLM's clients send 0 for all.
      topN: optional(body, 'top_n', asWhole(0)) || undefined,
      // Clients of Jina and vLLM that ask for nothing read the documents.
      returnsDocuments: optional(body, 'return_documents', asBoolean) ?? true,
    };
  },
  repeats: ({ returnsDocuments }) => (returnsDocuments ? ['text_pair'] : []),
  write({ id, model, outputs, request }) {
    const { topN, returnsDocuments } = request;
    const texts = returnsDocuments ? textsOf(outputs, 'text_pair') : undefined;
    return {
      id,
      model: request.model ?? model,
      results: ranked(outputOf(outputs, 'scores'), topN).map(({ index, score }) => ({
        index,
        relevance_score: score,
        ...(texts === undefined ? {} : { document: { text: texts[index] } }),
      })),
      usage: { total_tokens: tokenCount(outputs) },
      meta: metaOf(outputs, '1'),
    };
  },
});

/** A document is a string, or an object with a member `text`. */
function textOfDocument(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  return (document as { readonly text?: unknown }).text;
}

/** Documents with several members are not served. */
function requireTextField(value: unknown, path: string): void {
  if (!Array.isArray(value) || value.length !== 1 || value[0] !== 'text')
    throw mismatch(path, '["text"], the only member of a document that is read', value);
}
