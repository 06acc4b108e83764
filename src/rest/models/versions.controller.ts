import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../../transport/http/api-errors';
import type { VersionChange } from '../../models/registry/model-control';
import { ModelOperations } from '../../models/registry/model-operations';
import { VersionChanged } from './versions.dto';
import { ADMIN } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** Loads and unloads single versions while the gateway runs. */
@ApiTags('Roll-outs')
@ApiParam({ name: 'model', example: 'digits', description: 'Name of the model.' })
@ApiParam({ name: 'version', example: '1', description: 'Version of the model.' })
@Requires(ADMIN)
@Controller('v1/models/:model/versions/:version')
export class VersionsController {
  constructor(private readonly operations: ModelOperations) {}

  /**
   * Loads one version from the repository, regardless of the version policy of the model. Requires
   * NEXUS_MODEL_CONTROL_MODE=explicit. If the version is already served and its files have changed, it is replaced once
   * the new files are loaded. If they do not load, the old ones continue to serve.
   */
  @Post('load')
  @HttpCode(200)
  @ApiOperation({ summary: 'Load a version' })
  @ApiErrors('invalid', 'not_found', 'overloaded', 'internal', 'unavailable')
  loadVersion(@Param('model') model: string, @Param('version') version: string): Promise<VersionChanged> {
    return this.timed(model, version, () => this.operations.loadVersion(model, version));
  }

  /**
   * Unloads one version after its accepted requests have finished. Requires NEXUS_MODEL_CONTROL_MODE=explicit. Unloading
   * the last version unloads the model.
   */
  @Post('unload')
  @HttpCode(200)
  @ApiOperation({ summary: 'Unload a version' })
  @ApiErrors('invalid', 'not_found', 'overloaded', 'internal', 'unavailable')
  unloadVersion(@Param('model') model: string, @Param('version') version: string): Promise<VersionChanged> {
    return this.timed(model, version, () => this.operations.unloadVersion(model, version));
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
