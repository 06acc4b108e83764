import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../config/config';
import { coresOf } from '../../config/shares';
import { Metrics } from '../../observability/metrics/metrics';
import { ModelMetrics } from '../../observability/metrics/model-metrics';
import { Cluster } from '../../common/cluster';
import type { Device } from '../../common/device';
import { RunnerPool } from '../../runtime/runner-pool';
import { cachePolicyOf } from '../../repository/model-settings';
import { versionFingerprint } from '../../repository/fingerprint';
import type { ModelDescription } from '../../repository/description/model-description';
import { Pictures } from '../../tasks/pictures/pictures';
import { Tokenizers } from '../../tasks/text/tokenizers';
import type { Converters } from '../task/prepared-task';
import { ModelVersion } from '../version/model-version';
import { EngineVersion } from '../remote/engine-version';
import { OverflowVersion } from '../remote/overflow-version';
import { RemoteVersion } from '../remote/remote-version';
import { queueLimitOf, targetsByVersion } from '../../repository/remote-settings';
import { PipelineVersion } from '../pipeline/pipeline-version';
import { placementOf } from '../limits';
import type { VersionObserver, Servable, Model } from '../model';
import { ModelRegistry } from './model-registry';
import { OverrideReader } from '../../repository/overrides/override-reader';
import type { FoundModel } from '../../repository/repository';
import { Residency } from '../version/residency';
import type { VersionOptions } from '../version-options';

/** Maximum number of different reasons for a fallback to the CPU to log. */
const MAX_FALLBACKS = 10;

/** Options for creating a model. */
export interface Making {
  /** Configuration that a client sent, in place of the configuration files. */
  readonly json?: string | undefined;
  /** The model that is currently served. */
  readonly before?: Model | undefined;
  /** Whether a client requested it. Such models must fit into the memory budget. */
  readonly byRequest?: boolean;
  /** Versions to create, in place of those of the version policy. */
  readonly versions?: readonly string[];
}

/** Creates models from the repository, and reports their events to the log and the metrics. */
@Injectable()
export class ModelFactory {
  private readonly logger = new Logger('Models');
  /** Logged reasons why CUDA is not available. They apply to the machine, so each is logged for one model only. */
  private readonly loggedFallbacks = new Set<string>();
  private readonly observer: VersionObserver = {
    stateChanged: (version) => this.stateChanged(version),
    runnerDied: ({ name, version }, reason) => {
      this.metrics.runnerRestarted(name, version);
      this.logger.warn(`${name}/${version}: restarting a runner, because ${reason}`);
    },
    fellBack: ({ name, version }, reason) => {
      this.metrics.deviceFellBack(name, version);
      // Every gateway process of this machine finds the same.
      if (this.cluster.index > 0 || this.loggedFallbacks.size >= MAX_FALLBACKS) return;
      if (this.loggedFallbacks.has(reason)) return;
      this.loggedFallbacks.add(reason);
      this.logger.warn(`no CUDA: models run on the CPU (${reason.replace(/^\w+: /, '')})`);
    },
    untried: ({ name, version, unbatchable }, reason) => {
      const effect =
        unbatchable === '' ? 'requests still share runs, as configured' : 'requests do not share runs';
      this.logger.warn(`${name}/${version}: all runs on generated inputs failed; ${effect}: ${reason}`);
    },
    targetLost: ({ name, version }, target, reason) =>
      this.logger.warn(`${name}/${version}: target ${target} receives no requests: ${reason}`),
    targetReturned: ({ name, version }, target) =>
      this.logger.log(`${name}/${version}: target ${target} receives requests again`),
    mixed: ({ name, version }, reason) => this.logger.error(`${name}/${version}: ${reason}`),
  };

  private readonly pool: RunnerPool;
  private readonly converters: Converters;

  constructor(
    private readonly config: Config,
    private readonly metrics: Metrics,
    private readonly overrides: OverrideReader,
    private readonly registry: ModelRegistry,
    private readonly residency: Residency,
    private readonly cluster: Cluster,
    tokenizers: Tokenizers,
    pictures: Pictures,
  ) {
    this.converters = { tokenizers, pictures };
    this.pool = new RunnerPool(coresOf(config));
  }

  /** Describes the model, from its files or from the configuration that the client sent. */
  describe(found: FoundModel, { json, versions }: Making): Promise<ModelDescription> {
    return json === undefined
      ? this.overrides.describeFiles(found, versions).catch((error: unknown) => this.refused(found, error))
      : this.overrides.describe(found, json);
  }

  /**
   * Creates the model without loading it. Versions of `before` that can continue to run are reused. Errors in the model
   * become the reason of its versions.
   */
  async create(found: FoundModel, making: Making = {}): Promise<Model> {
    const { name, root } = found;
    const description = await this.describe(found, making);
    const { settings } = description;
    const isolation = settings.isolation ?? this.config.isolation;
    const device = settings.device ?? (this.config.device as Device);
    const placement = placementOf({ ...settings, isolation }, device, coresOf(this.config));
    const made = description.versions.map(async ({ version, path = '', filename = '', reason, task }) => {
      const refusal = description.refusal ?? reason;
      const running = making.before?.versions.find((candidate) => candidate.version === version);
      // A version that replaces another of the same number continues its metrics.
      const metrics = running?.metrics ?? new ModelMetrics({ model: name, version });
      const fingerprint = path === '' ? '' : await versionFingerprint(path, task?.text?.tokenizer, root);
      const known = {
        model: name,
        version,
        path,
        filename,
        fingerprint,
        root,
        folder: found.folder,
        region: this.config.region === '' ? undefined : this.config.region,
        responseLimit: this.config.bodyLimit,
        settings,
        task,
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

  /** An unexpected error must affect only this model. */
  private refused({ name, versions }: FoundModel, error: unknown): ModelDescription {
    this.logger.error(error);
    return {
      settings: {},
      versions,
      refusal: `internal error while reading model '${name}'; see the server log`,
    };
  }

  private versionOf(options: VersionOptions): Servable {
    const { pipeline, overflow } = options.settings;
    const { observer } = this;
    if (options.refusal === undefined) {
      if (pipeline !== undefined) return new PipelineVersion(options, pipeline, this.registry, observer);
      const targets = targetsByVersion(options.settings)[options.version];
      if (targets !== undefined) {
        const isApi = targets[0]!.protocol === 'openai';
        return new (isApi ? EngineVersion : RemoteVersion)(options, targets, observer);
      }
    }
    const local = new ModelVersion(options, observer, this.residency, this.converters);
    if (overflow === undefined) return local;
    return new OverflowVersion(
      local,
      new RemoteVersion(options, overflow.to, observer),
      queueLimitOf(overflow),
    );
  }

  private stateChanged({ name, version, state, reason, platform }: Servable): void {
    const where = platform === 'remote' ? ' on other servers' : '';
    const text = `${name}/${version} is ${state}${where}${reason === '' ? '' : `: ${reason}`}`;
    if (state === 'UNAVAILABLE' && reason !== 'unloaded') this.logger.error(text);
    else if (state === 'LOADING') this.logger.debug(text);
    else this.logger.log(text);
    this.registry.review();
  }
}
