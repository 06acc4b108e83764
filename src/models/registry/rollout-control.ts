import { Injectable } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import { ModelRegistry } from './model-registry';
import { Rollouts } from '../rollout/rollouts';
import type { Shadow, Traffic } from '../rollout/traffic';

const ALIAS = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
const MAX_WEIGHTS = 100;
const MAX_ALIASES = 1000;

/** The values before and after a change. */
export interface Change<T> {
  readonly before: T | null;
  readonly after: T | null;
}

/** Validates and sets aliases and traffic splits. */
@Injectable()
export class RolloutControl {
  constructor(
    private readonly config: Config,
    private readonly registry: ModelRegistry,
    private readonly rollouts: Rollouts,
  ) {}

  /**
   * Points `alias` of `model` to a loaded version, or to the version of another alias.
   * @throws NexusError rollouts_off, model_not_found, version_not_found, invalid_input, state_not_written, replicas_unavailable, replicas_busy
   */
  async setAlias(model: string, alias: string, target: string): Promise<Change<string>> {
    this.requireControl();
    this.registry.versionOf(model, target);
    if (!ALIAS.test(alias))
      throw errors.invalidInput(
        `alias: expected a letter followed by at most 63 letters, digits, dots, underscores or dashes, got '${alias}'`,
        'alias',
      );
    let version = target;
    const { aliases } = await this.rollouts.change(model, (rollout) => {
      ({ version } = this.registry.versionOf(model, target));
      if (!Object.hasOwn(rollout.aliases, alias) && Object.keys(rollout.aliases).length >= MAX_ALIASES)
        throw errors.invalidInput(
          `alias: expected at most ${MAX_ALIASES} aliases of a model; remove one first`,
          'alias',
        );
      return { ...rollout, aliases: { ...rollout.aliases, [alias]: version } };
    });
    return { before: own(aliases, alias), after: version };
  }

  /** Removes `alias` of `model`. @throws NexusError rollouts_off, alias_not_found, alias_in_use, state_not_written, replicas_unavailable, replicas_busy */
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
   * Sets the traffic split for requests to `model` without a version; null routes them to the newest ready version.
   * @throws NexusError rollouts_off, model_not_found, version_not_found, invalid_input, state_not_written, replicas_unavailable, replicas_busy
   */
  async setTraffic(model: string, traffic: Traffic | null): Promise<Change<Traffic>> {
    this.requireControl();
    this.registry.get(model);
    const { traffic: before } = await this.rollouts.change(model, (rollout) => {
      if (traffic !== null) this.checkWeights(model, traffic);
      if (traffic?.shadow !== undefined) this.checkShadow(model, traffic.weights, traffic.shadow);
      return { ...rollout, before: rollout.traffic, traffic };
    });
    return { before, after: traffic };
  }

  /** Reverts the last traffic change of `model`. @throws NexusError rollouts_off, nothing_to_roll_back, state_not_written, replicas_unavailable, replicas_busy */
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
      throw errors.invalidInput(
        `weights: version ${twice} has two weights, one of them through an alias; remove one`,
        'weights',
      );
    const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
    if (names.length > MAX_WEIGHTS || sum <= 0 || sum > Number.MAX_SAFE_INTEGER)
      throw errors.invalidInput(
        `weights: expected 1 to ${MAX_WEIGHTS} versions with a sum above 0, got ${names.length} with a sum of ${sum}`,
        'weights',
      );
  }

  private checkShadow(model: string, weights: Traffic['weights'], shadow: Shadow): void {
    const { version } = this.registry.versionOf(model, shadow.version);
    const hasWeight = Object.keys(weights).some(
      (name) => weights[name]! > 0 && this.rollouts.versionOf(model, name) === version,
    );
    if (hasWeight)
      throw errors.invalidInput(
        `shadow.version: expected a version without a weight, got ${version}; set its weight to 0, or use another version`,
        'shadow.version',
      );
  }

  /** Rollouts can be changed only if models can be loaded at runtime. */
  private requireControl(): void {
    if (this.config.modelControlMode === 'none') throw errors.rolloutsOff();
  }
}

function own(aliases: Readonly<Record<string, string>>, alias: string): string | null {
  return Object.hasOwn(aliases, alias) ? aliases[alias]! : null;
}
