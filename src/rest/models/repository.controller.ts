import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { errors } from '../../common/errors';
import { jsonObject } from '../../common/json-object';
import { ModelControl } from '../../models/registry/model-control';
import { changeParametersOf } from '../../repository/overrides/load-parameters';
import { OverrideReader } from '../../repository/overrides/override-reader';
import { ApiModel } from '../http/api-model';
import { RepositoryIndexRequest, RepositoryLoadRequest, RepositoryUnloadRequest } from './repository.dto';
import { RepositoryIndexEntry } from '../../models/report/repository-index.schema';

/** A request whose body is the bytes that came. */
interface RawRequest {
  readonly body?: Uint8Array;
}

/** The model repository extension. */
@ApiTags('Models')
@Controller('v2/repository')
export class RepositoryController {
  constructor(
    private readonly control: ModelControl,
    private readonly overrides: OverrideReader,
  ) {}

  /**
   * Every version of every model, with its state and the reason for it. `{"ready": true}` leaves out what is not READY.
   */
  @Post('index')
  @HttpCode(200)
  @ApiOperation({ summary: 'List every model version with its state' })
  @ApiBody({ type: RepositoryIndexRequest, required: false })
  @ApiV2Errors('invalid', 'too_large', 'overloaded', 'internal')
  async repositoryIndex(@Req() { body }: RawRequest): Promise<RepositoryIndexEntry[]> {
    const readyOnly = wantsReadyOnly(body);
    return (await this.control.index()).filter(({ state }) => !readyOnly || state === 'READY');
  }

  /**
   * Loads a model as the repository has it now, or with the configuration and the files of the request, with
   * NEXUS_MODEL_CONTROL_MODE=explicit. One that is served already is replaced once the new one is ready; where the new
   * one cannot be loaded it stays.
   */
  @Post('models/:model/load')
  @HttpCode(200)
  @ApiOperation({ summary: 'Load a model' })
  @ApiBody({ type: RepositoryLoadRequest, required: false })
  @ApiOkResponse({ description: 'The model is ready.' })
  @ApiModel()
  @ApiV2Errors('invalid', 'too_large')
  async repositoryModelLoad(@Param('model') model: string, @Req() { body }: RawRequest): Promise<void> {
    this.control.requireExplicit();
    await this.control.load(model, await this.overrides.read(body));
  }

  /** Serves a model no more, with NEXUS_MODEL_CONTROL_MODE=explicit. Requests that it has taken are answered first. */
  @Post('models/:model/unload')
  @HttpCode(200)
  @ApiOperation({ summary: 'Unload a model' })
  @ApiBody({ type: RepositoryUnloadRequest, required: false })
  @ApiOkResponse({ description: 'The model is gone.' })
  @ApiModel()
  @ApiV2Errors('invalid', 'too_large')
  async repositoryModelUnload(@Param('model') model: string, @Req() { body }: RawRequest): Promise<void> {
    await this.control.unload(model, changeParametersOf(body));
  }
}

function wantsReadyOnly(body: Uint8Array | undefined): boolean {
  const { ready = false } = jsonObject(body, '{"ready": true} or {"ready": false}');
  if (typeof ready === 'boolean') return ready;
  throw expected('{"ready": true} or {"ready": false}');
}

function expected(form: string) {
  return errors.invalidInput(`the body must be empty or ${form}`);
}
