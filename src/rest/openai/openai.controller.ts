import { Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { INFER } from '../../identity/access';
import { Requires } from '../../transport/http/requires';
import { ApiForwarding } from './api-forwarding';
import { ApiChatCompletions, ApiCompletions, ApiResponses, ApiTranscriptions } from './openai.docs';

/** The OpenAI API for models that engines run, such as vLLM, SGLang, llama.cpp and Ollama. */
@ApiTags('OpenAI')
@Requires(INFER)
@Controller('v1')
export class OpenAiController {
  constructor(private readonly forwarding: ApiForwarding) {}

  /** Forwards a chat to an engine of its model. */
  @Post('chat/completions')
  @HttpCode(200)
  @ApiOperation({ summary: 'Complete a chat (OpenAI)' })
  @ApiChatCompletions()
  chatCompletions(@Res() reply: FastifyReply): Promise<void> {
    return this.forwarding.serve('/chat/completions', reply);
  }

  /** Forwards a prompt to an engine of its model. */
  @Post('completions')
  @HttpCode(200)
  @ApiOperation({ summary: 'Complete a prompt (OpenAI)' })
  @ApiCompletions()
  completions(@Res() reply: FastifyReply): Promise<void> {
    return this.forwarding.serve('/completions', reply);
  }

  /** Forwards a request of the Responses API to an engine of its model. */
  @Post('responses')
  @HttpCode(200)
  @ApiOperation({ summary: 'Create a response (OpenAI)' })
  @ApiResponses()
  responses(@Res() reply: FastifyReply): Promise<void> {
    return this.forwarding.serve('/responses', reply);
  }

  /** Forwards an audio file to an engine of its model. */
  @Post('audio/transcriptions')
  @HttpCode(200)
  @ApiOperation({ summary: 'Transcribe audio (OpenAI)' })
  @ApiTranscriptions()
  transcriptions(@Res() reply: FastifyReply): Promise<void> {
    return this.forwarding.serve('/audio/transcriptions', reply, true);
  }
}
