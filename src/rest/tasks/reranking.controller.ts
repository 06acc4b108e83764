import { Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { INFER } from '../../identity/access';
import { Requires } from '../../transport/http/requires';
import { cohereRerankV2 } from './cohere.dialect';
import { jinaRerank } from './jina.dialect';
import { sharedRerank } from './rerank.dialect';
import { ApiCohereRerankV2, ApiRerankV1, ApiScore, ApiSharedRerank } from './task.docs';
import { TaskInference } from './task-inference';
import { vllmScore } from './vllm.dialect';

/** Relevance of documents to a query, in the protocols of Cohere, Jina, vLLM and Text Embeddings Inference. */
@ApiTags('Reranking')
@Requires(INFER)
@Controller()
export class RerankingController {
  constructor(private readonly inference: TaskInference) {}

  /** Sorts documents by their relevance to a query, for clients of Jina, vLLM and the first version of Cohere's API. */
  @Post('v1/rerank')
  @HttpCode(200)
  @ApiOperation({ summary: 'Rerank documents (Jina, vLLM and Cohere, version 1)' })
  @ApiRerankV1()
  rerank(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(jinaRerank, reply);
  }

  /** Sorts documents by their relevance to a query, in the second version of the API of Cohere. */
  @Post('v2/rerank')
  @HttpCode(200)
  @ApiOperation({ summary: 'Rerank documents (Cohere)' })
  @ApiCohereRerankV2()
  cohereRerank(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(cohereRerankV2, reply);
  }

  /** Sorts texts by their relevance to a query. A body with `documents` has the format of Jina and vLLM. */
  @Post('rerank')
  @HttpCode(200)
  @ApiOperation({ summary: 'Rerank texts (Text Embeddings Inference, Jina and vLLM)' })
  @ApiSharedRerank()
  teiRerank(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(sharedRerank, reply);
  }

  /** Returns the score of each pair of texts in the order of the request. */
  @Post('score')
  @HttpCode(200)
  @ApiOperation({ summary: 'Score pairs of texts (vLLM)' })
  @ApiScore()
  score(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(vllmScore, reply);
  }
}
