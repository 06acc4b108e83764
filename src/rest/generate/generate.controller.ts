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
import { INFER } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** Triton's generate extension: inference with a flat JSON object whose keys are the names of inputs and outputs. */
@ApiTags('Inference')
@Requires(INFER)
@Controller('v2/models')
export class GenerateController {
  constructor(private readonly inference: RestInference) {}

  /** Runs the newest ready version of a model. */
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

  /** Runs the newest ready version of a model, and returns a stream of one server-sent event. */
  @Post(':model/generate_stream')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a model on plain values and stream the response' })
  @ApiGenerateStream()
  generateStream(@Param('model') model: string, @Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(generateDialect, model, undefined, reply, sendEvent);
  }

  /** Runs one version of a model, and returns a stream of one server-sent event. */
  @Post(':model/versions/:version/generate_stream')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a version of a model on plain values and stream the response' })
  @ApiGenerateStreamVersion()
  generateStreamVersion(
    @Param('model') model: string,
    @Param('version') version: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.inference.serve(generateDialect, model, version, reply, sendEvent);
  }
}
