import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';
import { quote } from '../../common/quote';
import type { Servable } from '../../models/model';
import { ModelRegistry } from '../../models/registry/model-registry';
import type { TaskName } from '../../tasks/task-definition';
import { MODEL_HEADER } from '../../transport/http/inference-headers';
import type { NamedVersion } from '../../transport/http/request-log';
import { namedVersion } from '../http/named-version';

/** Finds the models of requests that do not name them in the path. */
@Injectable()
export class TaskModels {
  constructor(private readonly registry: ModelRegistry) {}

  /**
   * The model that `request` asks for: `named` in its body, as `name` or as `name:version`, where an alias is also a
   * version; or in its header x-model; or the only ready model of `tasks`.
   * @throws NexusError model_not_found, invalid_input if several models are of `tasks`.
   */
  choose(
    named: string | undefined,
    tasks: readonly TaskName[],
    { headers, caller }: Pick<FastifyRequest, 'headers' | 'caller'>,
  ): NamedVersion {
    const name = named ?? (headers[MODEL_HEADER] as string | undefined);
    if (name !== undefined) return namedVersion(this.registry, name, caller);
    const ready = this.registry
      .list()
      .filter(({ name: each, versions }) => caller.sees(each) && versions.some((one) => isReady(one, tasks)));
    const [only, ...others] = ready;
    if (only === undefined) throw errors.noModelFor(tasks);
    if (others.length === 0) return { model: only.name, version: undefined };
    const names = ready.map((each) => each.name).map(quote);
    throw errors.invalidInput(
      `model: expected the name of a model, because several are ready: ${names.join(', ')}; name one in the body or in the header ${MODEL_HEADER}`,
      'model',
    );
  }
}

function isReady({ state, options: { task } }: Servable, tasks: readonly TaskName[]): boolean {
  return state === 'READY' && task?.text !== undefined && tasks.includes(task.name);
}
