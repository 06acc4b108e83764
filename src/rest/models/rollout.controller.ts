import { Controller, Delete, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '../../transport/http/api-errors';
import { errors } from '../../common/errors';
import { jsonObject } from '../../common/json-object';
import { ModelRegistry } from '../../models/registry/model-registry';
import { ShadowMetrics } from '../../inference/shadow/shadow-metrics';
import { ModelOperations } from '../../models/registry/model-operations';
import { Rollouts } from '../../models/rollout/rollouts';
import { shadowReport } from './shadow-report';
import type { Shadow, Traffic } from '../../models/rollout/traffic';
import {
  AliasChanged,
  AliasTarget,
  CurrentTraffic,
  ModelAliases,
  ModelTraffic,
  TrafficChanged,
} from './rollout.dto';
import { ModelShadow } from './shadow.dto';
import { ADMIN, READ } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** A request whose body has not been parsed. */
interface RawRequest {
  readonly body?: Uint8Array;
}

const ALIAS = { name: 'alias', example: 'stable', description: 'Name of the alias.' };

/** Decides which version of a model serves requests. Changes require explicit or poll mode, and survive a restart. */
@ApiTags('Roll-outs')
@ApiParam({ name: 'model', example: 'digits', description: 'Name of the model.' })
@Requires(ADMIN)
@Controller('v1/models/:model')
export class RolloutController {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly rollouts: Rollouts,
    private readonly operations: ModelOperations,
    private readonly shadows: ShadowMetrics,
  ) {}

  /** Lists the aliases of a model. Requests can use an alias wherever they name a version. */
  @Get('aliases')
  @Requires(READ)
  @ApiOperation({ summary: 'List the aliases of a model' })
  @ApiErrors('not_found', 'overloaded', 'internal')
  listAliases(@Param('model') model: string): ModelAliases {
    return { model, aliases: this.rollouts.of(this.registry.get(model).name).aliases };
  }

  /** Creates an alias, or points it to another version. Requires NEXUS_MODEL_CONTROL_MODE=explicit or poll. */
  @Put('aliases/:alias')
  @ApiOperation({ summary: 'Set an alias' })
  @ApiParam(ALIAS)
  @ApiBody({ type: AliasTarget, examples: { version: { value: { version: '1' } } } })
  @ApiErrors('invalid', 'not_found', 'too_large', 'overloaded', 'internal', 'unavailable')
  async setAlias(
    @Param('model') model: string,
    @Param('alias') alias: string,
    @Req() { body }: RawRequest,
  ): Promise<AliasChanged> {
    this.registry.get(model);
    const version = versionIn(body);
    return { model, alias, ...(await this.operations.setAlias(model, alias, version)) };
  }

  /** Removes an alias. Requires NEXUS_MODEL_CONTROL_MODE=explicit or poll. */
  @Delete('aliases/:alias')
  @ApiOperation({ summary: 'Remove an alias' })
  @ApiParam(ALIAS)
  @ApiErrors('invalid', 'not_found', 'overloaded', 'internal', 'unavailable')
  async removeAlias(@Param('model') model: string, @Param('alias') alias: string): Promise<AliasChanged> {
    return { model, alias, ...(await this.operations.removeAlias(model, alias)) };
  }

  /** Returns how requests without a version are distributed. */
  @Get('traffic')
  @Requires(READ)
  @ApiOperation({ summary: 'Get the traffic of a model' })
  @ApiErrors('not_found', 'overloaded', 'internal')
  currentTraffic(@Param('model') model: string): CurrentTraffic {
    return { model, traffic: this.rollouts.of(this.registry.get(model).name).traffic };
  }

  /** Sets how requests without a version are distributed. Requires NEXUS_MODEL_CONTROL_MODE=explicit or poll. */
  @Put('traffic')
  @ApiOperation({ summary: 'Split the traffic of a model' })
  @ApiBody({
    type: ModelTraffic,
    examples: { all: { summary: 'All to one version', value: { weights: { '1': 100 } } } },
  })
  @ApiErrors('invalid', 'not_found', 'too_large', 'overloaded', 'internal', 'unavailable')
  async setTraffic(@Param('model') model: string, @Req() { body }: RawRequest): Promise<TrafficChanged> {
    this.registry.get(model);
    return { model, ...(await this.operations.setTraffic(model, trafficIn(body))) };
  }

  /** Sends requests without a version to the newest ready version again. Requires NEXUS_MODEL_CONTROL_MODE=explicit or poll. */
  @Delete('traffic')
  @ApiOperation({ summary: 'Remove the traffic split of a model' })
  @ApiErrors('invalid', 'not_found', 'overloaded', 'internal', 'unavailable')
  async endTraffic(@Param('model') model: string): Promise<TrafficChanged> {
    return { model, ...(await this.operations.setTraffic(model, null)) };
  }

  /** Sends all requests without a version to one version. Requires NEXUS_MODEL_CONTROL_MODE=explicit or poll. */
  @Post('promote')
  @HttpCode(200)
  @ApiOperation({ summary: 'Promote a version' })
  @ApiBody({ type: AliasTarget, examples: { version: { value: { version: '1' } } } })
  @ApiErrors('invalid', 'not_found', 'too_large', 'overloaded', 'internal', 'unavailable')
  async promote(@Param('model') model: string, @Req() { body }: RawRequest): Promise<TrafficChanged> {
    this.registry.get(model);
    const { version } = this.registry.versionOf(model, versionIn(body));
    return {
      model,
      ...(await this.operations.setTraffic(model, { weights: { [version]: 1 }, sticky: false })),
    };
  }

  /** Returns how the outputs of the shadow compare with the outputs that were returned to clients. */
  @Get('shadow')
  @Requires(READ)
  @ApiOperation({ summary: 'Get the shadow report of a model' })
  @ApiErrors('not_found', 'overloaded', 'internal')
  async shadow(@Param('model') model: string): Promise<ModelShadow> {
    const { name } = this.registry.get(model);
    const current = this.rollouts.shadowOf(name)?.version;
    const results = await this.shadows.results(name, current);
    if (results.length === 0) return { model, shadow: null };
    return { model, shadow: shadowReport(results, results[0]!.version === current) };
  }

  /** Reverts the last change of the traffic. Requires NEXUS_MODEL_CONTROL_MODE=explicit or poll. */
  @Post('rollback')
  @HttpCode(200)
  @ApiOperation({ summary: 'Roll back the traffic of a model' })
  @ApiErrors('invalid', 'not_found', 'overloaded', 'internal', 'unavailable')
  async rollBack(@Param('model') model: string): Promise<TrafficChanged> {
    return { model, ...(await this.operations.rollBack(model)) };
  }
}

function versionIn(body: Uint8Array | undefined): string {
  const form = '{"version": "1"}';
  const { version } = jsonObject(body, form);
  if (typeof version === 'string') return version;
  throw errors.invalidInput(`the body must be ${form}`, 'version');
}

function trafficIn(body: Uint8Array | undefined): Traffic {
  const form = '{"weights": {"1": 90, "2": 10}, "sticky": false, "shadow": {"version": "3", "share": 0.1}}';
  const { weights, sticky = false, shadow } = jsonObject(body, form);
  const isObject = typeof weights === 'object' && weights !== null && !Array.isArray(weights);
  if (!isObject || typeof sticky !== 'boolean') throw errors.invalidInput(`the body must be ${form}`);
  for (const [name, weight] of Object.entries(weights))
    if (typeof weight !== 'number' || !(weight >= 0 && weight <= 1e6))
      throw errors.invalidInput(
        `weights.${name}: expected a number from 0 to 1000000, got ${JSON.stringify(weight)}`,
        `weights.${name}`,
      );
  const split = { weights: weights as Record<string, number>, sticky };
  return shadow === undefined ? split : { ...split, shadow: shadowIn(shadow) };
}

function shadowIn(shadow: unknown): Shadow {
  const { version, share } = Object(shadow) as { version?: unknown; share?: unknown };
  if (typeof version === 'string' && typeof share === 'number' && share >= 0 && share <= 1)
    return { version, share };
  throw errors.invalidInput(
    `shadow: expected {"version": "2", "share": 0.1} with a share from 0 to 1, got ${JSON.stringify(shadow)}`,
    'shadow',
  );
}
