import { Injectable } from '@nestjs/common';
import { NexusError } from '../../common/nexus-error';
import { Cluster } from '../../common/cluster';
import { Config } from '../../config/config';
import type { ChangeParameters } from '../../repository/overrides/load-parameters';
import type { Overrides } from '../../repository/overrides/overrides';
import type { Rollout } from '../rollout/state-file';
import type { Traffic } from '../rollout/traffic';
import { Rollouts } from '../rollout/rollouts';
import { Mirrors } from '../../storage/sync/mirrors';
import { ModelControl, type VersionChange } from './model-control';
import { RolloutControl, type Change } from './rollout-control';

const ofModel = ([model]: readonly [string, unknown]) => ['model', model];
const ofVersion = ([model, version]: readonly [string, string]) => ['model', model, version];

/**
 * The operations of {@link ModelControl} and {@link RolloutControl} in all gateway processes: when one resolves, every process
 * has made the change.
 * @throws NexusError in addition changed_in_part, process_ended
 */
@Injectable()
export class ModelOperations {
  constructor(
    private readonly cluster: Cluster,
    private readonly config: Config,
    private readonly control: ModelControl,
    private readonly rollouts: Rollouts,
    private readonly rolloutControl: RolloutControl,
    private readonly mirrors: Mirrors,
  ) {
    this.load = this.cluster.everywhere({
      name: 'load',
      subject: ofModel,
      decide: async (model: string, overrides: Overrides) => {
        if (overrides.files.size === 0) await this.renew(model);
        await this.control.load(model, overrides);
        return [undefined, [model, overrides]] as const;
      },
      adopt: ([model, overrides]: readonly [string, Overrides]) => this.control.load(model, overrides),
    });
    this.unload = this.cluster.everywhere({
      name: 'unload',
      subject: ofModel,
      decide: async (model: string, parameters: ChangeParameters) => {
        await this.control.unload(model, parameters);
        return [undefined, [model, parameters]] as const;
      },
      adopt: ([model, parameters]: readonly [string, ChangeParameters]) =>
        this.control.unload(model, parameters).catch(ignoreMissing),
      isInitial: ([model]) => !this.loadsAtStart(model),
    });
    this.loadVersion = this.cluster.everywhere({
      name: 'load version',
      subject: ofVersion,
      decide: async (model: string, version: string) => {
        await this.renew(model);
        return [await this.control.loadVersion(model, version), [model, version]] as const;
      },
      adopt: ([model, version]: readonly [string, string]) => this.control.loadVersion(model, version),
    });
    this.unloadVersion = this.cluster.everywhere({
      name: 'unload version',
      subject: ofVersion,
      decide: async (model: string, version: string) =>
        [await this.control.unloadVersion(model, version), [model, version]] as const,
      adopt: ([model, version]: readonly [string, string]) =>
        this.control.unloadVersion(model, version).catch(ignoreMissing),
    });
    this.setAlias = this.rollout('set alias', (model, alias: string, target: string) =>
      this.rolloutControl.setAlias(model, alias, target),
    );
    this.removeAlias = this.rollout('remove alias', (model, alias: string) =>
      this.rolloutControl.removeAlias(model, alias),
    );
    this.setTraffic = this.rollout('set traffic', (model, traffic: Traffic | null) =>
      this.rolloutControl.setTraffic(model, traffic),
    );
    this.rollBack = this.rollout('roll back', (model) => this.rolloutControl.rollBack(model));
  }

  /** See {@link ModelControl.load}. */
  readonly load: (model: string, overrides: Overrides) => Promise<void>;

  /** See {@link ModelControl.unload}. */
  readonly unload: (model: string, parameters: ChangeParameters) => Promise<void>;

  /** See {@link ModelControl.loadVersion}. */
  readonly loadVersion: (model: string, version: string) => Promise<VersionChange>;

  /** See {@link ModelControl.unloadVersion}. */
  readonly unloadVersion: (model: string, version: string) => Promise<VersionChange>;

  /** See {@link RolloutControl.setAlias}. */
  readonly setAlias: (model: string, alias: string, target: string) => Promise<Change<string>>;

  /** See {@link RolloutControl.removeAlias}. */
  readonly removeAlias: (model: string, alias: string) => Promise<Change<string>>;

  /** See {@link RolloutControl.setTraffic}. */
  readonly setTraffic: (model: string, traffic: Traffic | null) => Promise<Change<Traffic>>;

  /** See {@link RolloutControl.rollBack}. */
  readonly rollBack: (model: string) => Promise<Change<Traffic>>;

  /** A change of aliases or traffic, which one process makes and writes to the file. */
  private rollout<Args extends unknown[], T>(
    name: string,
    change: (model: string, ...args: Args) => Promise<T>,
  ): (model: string, ...args: Args) => Promise<T> {
    return this.cluster.everywhere({
      name,
      subject: ([model]) => ['rollout', model],
      decide: async (model: string, ...args: Args) => {
        const result = await change(model, ...args);
        return [result, [model, this.rollouts.of(model)] as const] as const;
      },
      adopt: ([model, rollout]: readonly [string, Rollout]) => this.rollouts.adopt(model, rollout),
    });
  }

  /** Renews the local copy of a model in object storage. @throws NexusError model_control_off, repository_unreadable */
  private async renew(model: string): Promise<void> {
    this.control.requireExplicit();
    await this.mirrors.renew(model);
  }

  private loadsAtStart(model: string): boolean {
    const { loadModels } = this.config;
    return loadModels.includes('*') || loadModels.includes(model);
  }
}

/** A process that does not serve the model has nothing to unload. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof NexusError) || error.kind !== 'not_found') throw error;
}
