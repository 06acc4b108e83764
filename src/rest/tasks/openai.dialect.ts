import { EMBEDDING_TASKS } from '../../tasks/task-definition';
import { jsonFloats } from '../../tensor/json/json-data';
import { asChoice, asText, asWhole, modelOf, optional } from './members';
import { taskDialect, taskRequest, type TaskRequest } from './task-dialect';
import { readTexts } from './texts';
import { base64Of, outputOf, tokenCount, vectorsOf } from './vectors';

/** A request for embeddings in the API of OpenAI. */
interface EmbeddingsRequest extends TaskRequest {
  readonly format: 'float' | 'base64';
}

/** `POST /v1/embeddings` of the OpenAI API. Members that it does not know are ignored. */
export const embeddingsDialect = taskDialect<EmbeddingsRequest>({
  module: __filename,
  name: 'embeddingsDialect',
  tasks: EMBEDDING_TASKS,
  read(body) {
    optional(body, 'user', asText);
    return {
      ...taskRequest(modelOf(body), readTexts(body['input'], 'input'), ['embedding', 'tokens']),
      format: optional(body, 'encoding_format', asChoice(['float', 'base64'])) ?? 'float',
      dimensions: optional(body, 'dimensions', asWhole(1)),
    };
  },
  write({ request, model, outputs, scales }) {
    const { format, dimensions } = request;
    const shown = format === 'base64' ? base64Of : jsonFloats;
    const vectors = vectorsOf(outputOf(outputs, 'embedding'), dimensions, scales);
    const tokens = tokenCount(outputs);
    return {
      object: 'list',
      data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: shown(vector) })),
      model: request.model ?? model,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  },
});
