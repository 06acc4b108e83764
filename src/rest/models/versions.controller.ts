import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../../transport/http/api-errors';
import { ModelControl, type VersionChange } from '../../models/registry/model-control';
import { VersionChanged } from './versions.dto';

/** One version of a model, while the gateway runs. */
@ApiTags('Roll-outs')
@ApiParam({ name: 'model', example: 'digits', description: 'Name of the model.' })
@ApiParam({ name: 'version', example: '1', description: 'Version of the model.' })
@Controller('v1/models/:model/versions/:version')
export class VersionsController {
  constructor(private readonly control: ModelControl) {}

  /**
   * Loads one version as the repository has it now, whatever the version policy of the model, with
   * NEXUS_MODEL_CONTROL_MODE=explicit. Where it is served already and its files have changed, the new one takes its
   * place when it is ready; where it cannot be loaded, the old one stays.
   */
  @Post('load')
  @HttpCode(200)
  @ApiOperation({ summary: 'Load a version' })
  @ApiErrors('invalid', 'not_found', 'overloaded', 'internal', 'unavailable')
  loadVersion(@Param('model') model: string, @Param('version') version: string): Promise<VersionChanged> {
    return this.timed(model, version, () => this.control.loadVersion(model, version));
  }

  /**
   * Serves one version no more, with NEXUS_MODEL_CONTROL_MODE=explicit. Requests that it has taken are answered first;
   * with its last version the model is gone.
   */
  @Post('unload')
  @HttpCode(200)
  @ApiOperation({ summary: 'Unload a version' })
  @ApiErrors('invalid', 'not_found', 'overloaded', 'internal', 'unavailable')
  unloadVersion(@Param('model') model: string, @Param('version') version: string): Promise<VersionChanged> {
    return this.timed(model, version, () => this.control.unloadVersion(model, version));
  }

  private async timed(
    model: string,
    version: string,
    work: () => Promise<VersionChange>,
  ): Promise<VersionChanged> {
    const started = performance.now();
    const change = await work();
    return { model, version, change, took_ms: Math.round(performance.now() - started) };
  }
}
