import { jinaRerank, type JinaRanking } from './jina.dialect';
import { taskDialect, type TaskAnswer } from './task-dialect';
import { teiRerank, type TeiRanking } from './tei.dialect';

type SharedRanking =
  (JinaRanking & { readonly protocol: 'jina' }) | (TeiRanking & { readonly protocol: 'tei' });

/** `POST /rerank`, which several protocols share: with `documents` that of Jina and vLLM, otherwise that of Text Embeddings Inference. */
export const sharedRerank = taskDialect<SharedRanking>({
  module: __filename,
  name: 'sharedRerank',
  tasks: ['reranking'],
  read: (body) =>
    Object.hasOwn(body, 'documents')
      ? { ...jinaRerank.read(body), protocol: 'jina' }
      : { ...teiRerank.read(body), protocol: 'tei' },
  repeats: (message) =>
    message.protocol === 'jina' ? jinaRerank.repeats(message) : teiRerank.repeats(message),
  write: (answer) =>
    answer.request.protocol === 'jina'
      ? jinaRerank.write(answer as TaskAnswer<JinaRanking>)
      : teiRerank.write(answer as TaskAnswer<TeiRanking>),
});
