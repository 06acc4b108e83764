import { Injectable } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import { ModelRegistry } from './model-registry';
import { Rollouts } from '../rollout/rollouts';
import type { Shadow, Traffic } from '../rollout/traffic';

const ALIAS = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
const MAX_WEIGHTS = 100;

/** What a change came to. */
export interface Change<T> {
  readonly before: T | null;
  readonly after: T | null;
}

/** Sets aliases and traffic, after a look at whether they make sense. */
@Injectable()
export class RolloutControl {
  constructor(
    private readonly config: Config,
    private readonly registry: ModelRegistry,
    private readonly rollouts: Rollouts,
  ) {}

  /**
   * Points `alias` of `model` at a version that is served, or at what another alias points at.
   * @throws NexusError rollouts_off, model_not_found, version_not_found, invalid_input, state_not_written
   */
  async setAlias(model: string, alias: string, target: string): Promise<Change<string>> {
    this.requireControl();
    const { version } = this.registry.versionOf(model, target);
    if (!ALIAS.test(alias))
      throw errors.invalidInput(
        `the alias '${alias}' cannot be used; expected a letter and then at most 63 letters, digits, dots, underscores or dashes`,
        'alias',
      );
    const { aliases } = await this.rollouts.change(model, (rollout) => ({
      ...rollout,
      aliases: { ...rollout.aliases, [alias]: version },
    }));
    return { before: own(aliases, alias), after: version };
  }

  /** Forgets `alias` of `model`. @throws NexusError rollouts_off, alias_not_found, alias_in_use, state_not_written */
  async removeAlias(model: string, alias: string): Promise<Change<string>> {
    this.requireControl();
    const { aliases } = await this.rollouts.change(model, (rollout) => {
      if (!Object.hasOwn(rollout.aliases, alias))
        throw errors.aliasNotFound(model, alias, Object.keys(rollout.aliases));
      const { weights = {}, shadow } = rollout.traffic ?? {};
      if (Object.hasOwn(weights, alias) || shadow?.version === alias) throw errors.aliasInUse(model, alias);
      const { [alias]: _, ...rest } = rollout.aliases;
      return { ...rollout, aliases: rest };
    });
    return { before: own(aliases, alias), after: null };
  }

  /**
   * Shares out the requests of `model` that name no version; null gives them to the newest version that is ready.
   * @throws NexusError rollouts_off, model_not_found, version_not_found, invalid_input, state_not_written
   */
  async setTraffic(model: string, traffic: Traffic | null): Promise<Change<Traffic>> {
    this.requireControl();
    this.registry.get(model);
    if (traffic !== null) this.checkWeights(model, traffic);
    if (traffic?.shadow !== undefined) this.checkShadow(model, traffic.weights, traffic.shadow);
    const { traffic: before } = await this.rollouts.change(model, (rollout) => ({
      ...rollout,
      before: rollout.traffic,
      traffic,
    }));
    return { before, after: traffic };
  }

  /** Undoes the last change of the traffic of `model`. @throws NexusError rollouts_off, nothing_to_roll_back, state_not_written */
  async rollBack(model: string): Promise<Change<Traffic>> {
    this.requireControl();
    this.registry.get(model);
    const changed = await this.rollouts.change(model, (rollout) => {
      if (rollout.before === undefined) throw errors.nothingToRollBack(model);
      return { ...rollout, traffic: rollout.before, before: rollout.traffic };
    });
    return { before: changed.traffic, after: changed.before ?? null };
  }

  private checkWeights(model: string, { weights }: Traffic): void {
    const names = Object.keys(weights);
    for (const name of names) this.registry.versionOf(model, name);
    const versions = names.map((name) => this.rollouts.versionOf(model, name));
    const twice = versions.find((version, index) => versions.indexOf(version) !== index);
    if (twice !== undefined)
      throw errors.invalidInput(`version ${twice} has two weights, one by an alias; give it one`, 'weights');
    const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
    if (names.length > MAX_WEIGHTS || sum <= 0 || sum > Number.MAX_SAFE_INTEGER)
      throw errors.invalidInput(
        `expected the weights of 1 to ${MAX_WEIGHTS} versions, with a sum above 0, got ${names.length} with the sum ${sum}`,
        'weights',
      );
  }

  private checkShadow(model: string, weights: Traffic['weights'], shadow: Shadow): void {
    const { version } = this.registry.versionOf(model, shadow.version);
    const answers = Object.keys(weights).some(
      (name) => weights[name]! > 0 && this.rollouts.versionOf(model, name) === version,
    );
    if (answers)
      throw errors.invalidInput(
        `version ${version} cannot be the shadow, for it has a weight; expected a version that answers none of the requests`,
        'shadow.version',
      );
  }

  /** Changing what is served is for those who may load models. */
  private requireControl(): void {
    if (this.config.modelControlMode === 'none') throw errors.rolloutsOff();
  }
}

function own(aliases: Readonly<Record<string, string>>, alias: string): string | null {
  return Object.hasOwn(aliases, alias) ? aliases[alias]! : null;
}
