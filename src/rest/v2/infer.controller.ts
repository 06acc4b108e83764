import { Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { RestInference } from '../http/rest-inference';
import { v2Dialect } from './v2.dialect';
import { ApiInfer, ApiInferVersion } from './v2.docs';
import { INFER } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** Inference with the Open Inference Protocol V2, with JSON and binary tensors. */
@ApiTags('Inference')
@Requires(INFER)
@Controller('v2/models')
export class InferController {
  constructor(private readonly inference: RestInference) {}

  /** Runs the newest ready version of a model. */
  @Post(':model/infer')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a model' })
  @ApiInfer()
  infer(@Param('model') model: string, @Res() reply: FastifyReply): Promise<void> {
    return this.inference.serve(v2Dialect, model, undefined, reply);
  }

  /** Runs one version of a model. */
  @Post(':model/versions/:version/infer')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a version of a model' })
  @ApiInferVersion()
  inferVersion(
    @Param('model') model: string,
    @Param('version') version: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.inference.serve(v2Dialect, model, version, reply);
  }
}
