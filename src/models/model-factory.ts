import { availableParallelism } from 'node:os';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config';
import { Metrics } from '../observability/metrics';
import type { Device } from '../runtime/messages';
import { describeModel } from './model-description';
import type { ModelSettings } from './model-settings';
import { ModelVersion, type VersionObserver } from './model-version';
import { placementOf } from './placement';
import type { OverrideFolder } from './overrides/override-folder';
import { OverrideReader } from './overrides/override-reader';
import type { FoundModel } from './repository';

/** A model and its versions, oldest first. */
export interface Model {
  readonly name: string;
  readonly settings: ModelSettings;
  readonly versions: readonly ModelVersion[];
  /** Where its files are when a client sent them; to be removed with the model. */
  readonly folder?: OverrideFolder | undefined;
}

/** Makes models of what is found in the repository, and tells logs and metrics what happens to them. */
@Injectable()
export class ModelFactory {
  private readonly logger = new Logger('Models');
  private readonly observer: VersionObserver = {
    stateChanged: (version) => this.stateChanged(version),
    runnerDied: ({ name, version }, reason) => {
      this.metrics.runnerRestarted(name, version);
      this.logger.warn(`${name}/${version}: a runner is started anew, because ${reason}`);
    },
    fellBack: ({ name, version }, reason) => {
      this.metrics.deviceFellBack(name, version);
      this.logger.warn(`${name}/${version} runs on the CPU, because CUDA cannot be used: ${reason}`);
    },
  };

  constructor(
    private readonly config: Config,
    private readonly metrics: Metrics,
    private readonly overrides: OverrideReader,
  ) {}

  /**
   * The model found, not loaded yet. What is wrong with it becomes the reason of its versions.
   * @param json a configuration that a client sent, in place of the one that the model has.
   */
  async create(found: FoundModel, root: string, json?: string): Promise<Model> {
    const { name } = found;
    const { settings, versions, refusal } =
      json === undefined
        ? await describeModel(found, root)
        : await this.overrides.describe(found, root, json);
    const device = settings.device ?? (this.config.device as Device);
    const placement = placementOf(settings, device, availableParallelism());
    const made = versions.map(({ version, path = '', filename = '', reason }) => {
      const why = refusal ?? reason;
      const metrics = this.metrics.inference.model(name, version);
      const options = { model: name, version, path, filename, root, settings, device, placement, metrics };
      return new ModelVersion(why === undefined ? options : { ...options, refusal: why }, this.observer);
    });
    return { name, settings, versions: made };
  }

  private stateChanged({ name, version, state, reason }: ModelVersion): void {
    const text = `${name}/${version} is ${state}${reason === '' ? '' : `: ${reason}`}`;
    if (state === 'UNAVAILABLE' && reason !== 'unloaded') this.logger.error(text);
    else this.logger.log(text);
  }
}

/** Loads `versions`, as many at a time as there are cores: loading is work for the CPU. Never rejects. */
export async function loadAll(versions: readonly ModelVersion[]): Promise<void> {
  const waiting = versions.values();
  const load = async () => {
    for (const version of waiting) await version.start();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, load));
}
