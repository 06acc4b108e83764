import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../config/config';
import { Metrics } from '../../observability/metrics/metrics';
import { ModelMetrics } from '../../observability/metrics/model-metrics';
import type { Device } from '../../common/device';
import { RunnerPool } from '../../runtime/runner-pool';
import { cachePolicyOf } from '../../repository/model-settings';
import { fingerprintOf } from '../../repository/fingerprint';
import type { ModelDescription } from '../../repository/description/model-description';
import { ModelVersion } from '../version/model-version';
import { PipelineVersion } from '../pipeline/pipeline-version';
import { placementOf } from '../limits';
import type { VersionObserver, Servable, Model } from '../model';
import { ModelRegistry } from './model-registry';
import { OverrideReader } from '../../repository/overrides/override-reader';
import type { FoundModel } from '../../repository/repository';
import { Residency } from '../version/residency';
import type { VersionOptions } from '../version-options';

/** How to make a model, beside what was found of it. */
export interface Making {
  /** A configuration that a client sent, in place of the one that the model has. */
  readonly json?: string | undefined;
  /** The model as it is served. */
  readonly before?: Model | undefined;
  /** Whether a client asked for it, whose models have to fit into the memory budget. */
  readonly byRequest?: boolean;
  /** The versions to make, in place of those of the version policy. */
  readonly versions?: readonly string[];
}

/** Makes models of what is found in the repository, and tells logs and metrics what happens to them. */
@Injectable()
export class ModelFactory {
  private readonly logger = new Logger('Models');
  /** Why CUDA cannot be used, as it was logged last: what holds for the machine is told once, not for each model. */
  private toldFallback = '';
  private readonly observer: VersionObserver = {
    stateChanged: (version) => this.stateChanged(version),
    runnerDied: ({ name, version }, reason) => {
      this.metrics.runnerRestarted(name, version);
      this.logger.warn(`${name}/${version}: a runner is started anew, because ${reason}`);
    },
    fellBack: ({ name, version }, reason) => {
      this.metrics.deviceFellBack(name, version);
      if (reason === this.toldFallback) return;
      this.toldFallback = reason;
      this.logger.warn(
        `models run on the CPU, ${name}/${version} first, because CUDA cannot be used: ${reason}`,
      );
    },
    untried: ({ name, version, unbatchable }, reason) => {
      const so =
        unbatchable === '' ? 'requests share runs all the same, as configured' : 'requests do not share runs';
      this.logger.warn(`${name}/${version}: every run on made-up inputs fails; ${so}: ${reason}`);
    },
    mixed: ({ name, version }, reason) => this.logger.error(`${name}/${version}: ${reason}`),
  };

  private readonly pool = new RunnerPool(availableParallelism());

  constructor(
    private readonly config: Config,
    private readonly metrics: Metrics,
    private readonly overrides: OverrideReader,
    private readonly registry: ModelRegistry,
    private readonly residency: Residency,
  ) {}

  /** What is said of the model found, by its files or by the client. */
  describe(found: FoundModel, root: string, { json, versions }: Making): Promise<ModelDescription> {
    return json === undefined
      ? this.overrides
          .describeFiles(found, root, versions)
          .catch((error: unknown) => this.refused(found, error))
      : this.overrides.describe(found, root, json);
  }

  /**
   * The model found, not loaded yet, but for the versions of `before` that can go on as they run. What is wrong with
   * it becomes the reason of its versions.
   */
  async create(found: FoundModel, root: string, making: Making = {}): Promise<Model> {
    const { name } = found;
    const description = await this.describe(found, root, making);
    const { settings } = description;
    const isolation = settings.isolation ?? this.config.isolation;
    const device = settings.device ?? (this.config.device as Device);
    const placement = placementOf({ ...settings, isolation }, device, availableParallelism());
    const made = description.versions.map(async ({ version, path = '', filename = '', reason }) => {
      const refusal = description.refusal ?? reason;
      const running = making.before?.versions.find((candidate) => candidate.version === version);
      // A version that takes the place of one of its number goes on counting.
      const metrics = running?.metrics ?? new ModelMetrics({ model: name, version });
      const fingerprint = path === '' ? '' : await fingerprintOf(dirname(path), root);
      const known = {
        model: name,
        version,
        path,
        filename,
        fingerprint,
        root,
        settings,
        device,
        placement,
        pool: isolation === 'shared' ? this.pool : undefined,
        onDemand: (settings.load ?? this.config.load) === 'on_demand',
        byRequest: making.byRequest ?? false,
        cache: settings.pipeline === undefined ? cachePolicyOf(settings) : undefined,
        metrics,
      };
      const options = refusal === undefined ? known : { ...known, refusal };
      return running?.follow(options) === true ? running : this.versionOf(options);
    });
    return { name, settings, versions: await Promise.all(made) };
  }

  /** What nobody has thought of is still the trouble of one model. */
  private refused({ name, versions }: FoundModel, error: unknown): ModelDescription {
    this.logger.error(error);
    return { settings: {}, versions, refusal: `internal error while '${name}' was read; the log has it` };
  }

  private versionOf(options: VersionOptions): Servable {
    const { pipeline } = options.settings;
    return pipeline === undefined || options.refusal !== undefined
      ? new ModelVersion(options, this.observer, this.residency)
      : new PipelineVersion(options, pipeline, this.registry, this.observer);
  }

  private stateChanged({ name, version, state, reason }: Servable): void {
    const text = `${name}/${version} is ${state}${reason === '' ? '' : `: ${reason}`}`;
    if (state === 'UNAVAILABLE' && reason !== 'unloaded') this.logger.error(text);
    else this.logger.log(text);
    this.registry.review();
  }
}
