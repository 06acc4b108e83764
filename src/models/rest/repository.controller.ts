import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiV2Errors } from '../../common/api-v2-errors';
import { errors } from '../../common/errors';
import { ModelRegistry } from '../model-registry';
import { RepositoryIndexEntry, RepositoryIndexRequest } from './repository.dto';

/** The model repository extension, as far as it only tells. */
@ApiTags('Models')
@Controller('v2/repository')
export class RepositoryController {
  constructor(private readonly registry: ModelRegistry) {}

  /** Every version of every model, with its state and the reason for it. `{"ready": true}` leaves out what is not READY. */
  @Post('index')
  @HttpCode(200)
  @ApiOperation({ summary: 'List every model version with its state' })
  @ApiBody({ type: RepositoryIndexRequest, required: false })
  @ApiV2Errors('invalid', 'too_large', 'overloaded', 'internal')
  repositoryIndex(@Req() { body }: { body?: Uint8Array }): RepositoryIndexEntry[] {
    const readyOnly = wantsReadyOnly(body);
    return this.registry
      .list()
      .flatMap(({ versions }) => versions)
      .filter(({ state }) => !readyOnly || state === 'READY')
      .map(({ name, version, state, reason }) => ({ name, version, state, reason }));
  }
}

function wantsReadyOnly(body: Uint8Array | undefined): boolean {
  if (body === undefined || body.length === 0) return false;
  try {
    const message = JSON.parse(Buffer.from(body).toString('utf8')) as { ready?: unknown };
    const { ready = false } = message;
    if (typeof ready === 'boolean' && !Array.isArray(message)) return ready;
  } catch {
    // Told below, like any other body that is not what it should be.
  }
  throw errors.invalidInput('the body must be empty or {"ready": true} or {"ready": false}');
}
