import { Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { INFER } from '../../identity/access';
import { Requires } from '../../transport/http/requires';
import { ApiForwarding } from '../openai/api-forwarding';
import { cohereEmbedV1, cohereEmbedV2 } from './cohere.dialect';
import { embeddingsDialect } from './openai.dialect';
import {
  ApiCohereEmbedV1,
  ApiCohereEmbedV2,
  ApiEmbeddings,
  ApiSimilarity,
  ApiTeiEmbed,
  ApiTeiEmbedAll,
  ApiTeiEmbedSparse,
} from './task.docs';
import { TaskInference } from './task-inference';
import { teiEmbed, teiEmbedAll, teiEmbedSparse, teiSimilarity } from './tei.dialect';

/** Vectors of texts, in the protocols of OpenAI, Cohere and Text Embeddings Inference. */
@ApiTags('Embeddings')
@Requires(INFER)
@Controller()
export class EmbeddingsController {
  constructor(
    private readonly inference: TaskInference,
    private readonly forwarding: ApiForwarding,
  ) {}

  /**
   * Returns the embeddings of texts. Clients of OpenAI use it unchanged, with `base_url` set to `/v1` of this server. A request
   * to a model that an engine of the OpenAI API runs is forwarded to it.
   */
  @Post('v1/embeddings')
  @HttpCode(200)
  @ApiOperation({ summary: 'Embed texts (OpenAI)' })
  @ApiEmbeddings()
  embeddings(@Res() reply: FastifyReply): Promise<void> {
    return this.forwarding.isOn ? this.forwardOrServe(reply) : this.inference.serve(embeddingsDialect, reply);
  }

  /** Returns the embeddings of texts in the first version of the API of Cohere. */
  @Post('v1/embed')
  @HttpCode(200)
  @ApiOperation({ summary: 'Embed texts (Cohere, version 1)' })
  @ApiCohereEmbedV1()
  cohereEmbed(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(cohereEmbedV1, reply);
  }

  /** Returns the embeddings of texts in the second version of the API of Cohere. Pictures are not accepted. */
  @Post('v2/embed')
  @HttpCode(200)
  @ApiOperation({ summary: 'Embed texts (Cohere)' })
  @ApiCohereEmbedV2()
  cohereEmbedTyped(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(cohereEmbedV2, reply);
  }

  /** Returns the embeddings of texts in the protocol of Text Embeddings Inference. */
  @Post('embed')
  @HttpCode(200)
  @ApiOperation({ summary: 'Embed texts (Text Embeddings Inference)' })
  @ApiTeiEmbed()
  teiEmbed(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(teiEmbed, reply);
  }

  /** Returns a vector for each token, before pooling. */
  @Post('embed_all')
  @HttpCode(200)
  @ApiOperation({ summary: 'Embed each token of texts' })
  @ApiTeiEmbedAll()
  teiEmbedAll(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(teiEmbedAll, reply);
  }

  /** Returns the elements of sparse embeddings that are not zero, for models such as SPLADE. */
  @Post('embed_sparse')
  @HttpCode(200)
  @ApiOperation({ summary: 'Embed texts as sparse vectors' })
  @ApiTeiEmbedSparse()
  teiEmbedSparse(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(teiEmbedSparse, reply);
  }

  /** Returns the cosine similarity of one text and each of several. */
  @Post('similarity')
  @HttpCode(200)
  @ApiOperation({ summary: 'Compare texts' })
  @ApiSimilarity()
  teiSimilarity(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(teiSimilarity, reply);
  }

  private async forwardOrServe(reply: FastifyReply): Promise<void> {
    if (await this.forwarding.serveIfForwarded('/embeddings', reply)) return;
    return this.inference.serve(embeddingsDialect, reply);
  }
}
