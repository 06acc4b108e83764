import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiV2Errors } from '../../transport/http/api-errors';
import { errors } from '../../common/errors';
import { jsonObject } from '../../common/json-object';
import { ModelControl } from '../../models/registry/model-control';
import { ModelOperations } from '../../models/registry/model-operations';
import { changeParametersOf } from '../../repository/overrides/load-parameters';
import { OverrideReader } from '../../repository/overrides/override-reader';
import { ApiModel } from '../http/api-model';
import { RepositoryIndexRequest, RepositoryLoadRequest, RepositoryUnloadRequest } from './repository.dto';
import { RepositoryIndexEntry } from '../../models/report/repository-index.schema';
import { ADMIN, DESCRIBE } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** A request whose body has not been parsed. */
interface RawRequest {
  readonly body?: Uint8Array;
}

type CallersRequest = RawRequest & Pick<FastifyRequest, 'caller'>;

/** The model repository extension. */
@ApiTags('Models')
@Requires(ADMIN)
@Controller('v2/repository')
export class RepositoryController {
  constructor(
    private readonly control: ModelControl,
    private readonly operations: ModelOperations,
    private readonly overrides: OverrideReader,
  ) {}

  /** Lists every version of every model with its state and reason. Send `{"ready": true}` to list only READY versions. */
  @Post('index')
  @Requires(DESCRIBE)
  @HttpCode(200)
  @ApiOperation({ summary: 'List all versions of all models with their states' })
  @ApiBody({ type: RepositoryIndexRequest, required: false })
  @ApiV2Errors('invalid', 'too_large', 'overloaded', 'internal')
  async repositoryIndex(@Req() { body, caller }: CallersRequest): Promise<RepositoryIndexEntry[]> {
    const readyOnly = isReadyOnly(body);
    return (await this.control.index()).filter(
      ({ name, state }) => caller.sees(name) && (!readyOnly || state === 'READY'),
    );
  }

  /**
   * Loads a model from the repository, or with the configuration and files of the request. Requires
   * NEXUS_MODEL_CONTROL_MODE=explicit. A model that is already served is replaced once the new one is ready. If the new
   * one does not load, the old one continues to serve.
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
    await this.operations.load(model, await this.overrides.read(body));
  }

  /** Unloads a model after its accepted requests have finished. Requires NEXUS_MODEL_CONTROL_MODE=explicit. */
  @Post('models/:model/unload')
  @HttpCode(200)
  @ApiOperation({ summary: 'Unload a model' })
  @ApiBody({ type: RepositoryUnloadRequest, required: false })
  @ApiOkResponse({ description: 'The model is unloaded.' })
  @ApiModel()
  @ApiV2Errors('invalid', 'too_large')
  async repositoryModelUnload(@Param('model') model: string, @Req() { body }: RawRequest): Promise<void> {
    await this.operations.unload(model, changeParametersOf(body));
  }
}

function isReadyOnly(body: Uint8Array | undefined): boolean {
  const { ready = false } = jsonObject(body, '{"ready": true} or {"ready": false}');
  if (typeof ready === 'boolean') return ready;
  throw expected('{"ready": true} or {"ready": false}');
}

function expected(form: string) {
  return errors.invalidInput(`the body must be empty or ${form}`);
}
