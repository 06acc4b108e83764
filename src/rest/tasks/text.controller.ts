import { Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DESCRIBE, INFER } from '../../identity/access';
import type { TextToken } from '../../tasks/text/tokenizer';
import { ApiErrorsAs } from '../../transport/http/api-errors';
import { TeiError } from '../../transport/http/errors.dto';
import { Requires } from '../../transport/http/requires';
import { setLimitHeaders } from '../../transport/http/set-limit-headers';
import { ApiDecode, ApiModelHeader, ApiTeiPredict, ApiTokenize } from './task.docs';
import { TaskInference } from './task-inference';
import { TeiInfo } from './tei.dto';
import { teiPredict } from './tei.dialect';
import { TokenizerRequests } from './tokenizer-requests';

/** Classes and tokens of texts, in the protocol of Text Embeddings Inference. */
@ApiTags('Text')
@Requires(INFER)
@Controller()
export class TextController {
  constructor(
    private readonly inference: TaskInference,
    private readonly tokenizers: TokenizerRequests,
  ) {}

  /** Returns the classes of texts or pairs of texts. Two strings in one array are a pair. */
  @Post('predict')
  @HttpCode(200)
  @ApiOperation({ summary: 'Classify texts' })
  @ApiTeiPredict()
  teiPredict(@Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(teiPredict, reply);
  }

  /** Returns the tokens of texts, as the model receives them. */
  @Post('tokenize')
  @HttpCode(200)
  @ApiOperation({ summary: 'Tokenise texts' })
  @ApiTokenize()
  tokenize(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TextToken[][]> {
    showLimits(request, reply);
    return this.tokenizers.tokenize(request);
  }

  /** Returns the texts of token ids. */
  @Post('decode')
  @HttpCode(200)
  @ApiOperation({ summary: 'Convert token ids to text' })
  @ApiDecode()
  decodeTokens(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string[]> {
    showLimits(request, reply);
    return this.tokenizers.decode(request);
  }

  /** Describes the model of text that the header x-model names, or the only one that is ready. */
  @Get('info')
  @Requires(DESCRIBE)
  @ApiOperation({ summary: 'Describe the model (Text Embeddings Inference)' })
  @ApiModelHeader()
  @ApiErrorsAs(TeiError, 'invalid', 'not_found', 'overloaded', 'internal', 'unavailable', 'deadline')
  teiInfo(@Req() request: FastifyRequest): Promise<TeiInfo> {
    return this.tokenizers.info(request);
  }
}

/** Inference requests report their limits once their contents have counted against them; these requests do not count. */
function showLimits({ standings }: FastifyRequest, reply: FastifyReply): void {
  if (standings !== undefined) setLimitHeaders(reply, standings);
}
