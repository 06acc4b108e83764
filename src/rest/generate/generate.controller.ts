import { Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { RestInference } from '../http/rest-inference';
import { sendEvent } from './event-stream';
import { generateDialect } from './generate.dialect';
import {
  ApiGenerate,
  ApiGenerateStream,
  ApiGenerateStreamVersion,
  ApiGenerateVersion,
} from './generate.docs';

/**
 * The generate extension of Triton: inference with a flat JSON object, in which inputs and outputs stand under their
 * names.
 */
@ApiTags('Inference')
@Controller('v2/models')
export class GenerateController {
  constructor(private readonly inference: RestInference) {}

  /** Runs the newest version of a model that is ready. */
  @Post(':model/generate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a model on plain values' })
  @ApiGenerate()
  generate(@Param('model') model: string, @Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(generateDialect, model, undefined, reply);
  }

  /** Runs one version of a model. */
  @Post(':model/versions/:version/generate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a version of a model on plain values' })
  @ApiGenerateVersion()
  generateVersion(
    @Param('model') model: string,
    @Param('version') version: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.inference.serve(generateDialect, model, version, reply);
  }

  /** Runs the newest version of a model that is ready; the answer is a stream of one server-sent event. */
  @Post(':model/generate_stream')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a model on plain values, and stream' })
  @ApiGenerateStream()
  generateStream(@Param('model') model: string, @Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(generateDialect, model, undefined, reply, sendEvent);
  }

  /** Runs one version of a model; the answer is a stream of one server-sent event. */
  @Post(':model/versions/:version/generate_stream')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a version of a model on plain values, and stream' })
  @ApiGenerateStreamVersion()
  generateStreamVersion(
    @Param('model') model: string,
    @Param('version') version: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.inference.serve(generateDialect, model, version, reply, sendEvent);
  }
}
