import { setInterval as every } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../config/config';
import { ModelRegistry } from './model-registry';
import { Cluster } from '../../common/cluster';
import { scanRepositories } from '../../repository/repositories';
import { Mirrors } from '../../storage/sync/mirrors';
import { modelFingerprint } from '../../repository/fingerprint';
import { ModelControl } from './model-control';
import { nameFault } from './only-name';

/** The fingerprint of each model's folder, by name. */
export type Fingerprints = ReadonlyMap<string, string>;

/**
 * Returns the models whose folders differ from `taken`, the state that was last applied, and have not changed since
 * the `last` poll, so that files are not read while they are being written.
 */
export function settledChanges(taken: Fingerprints, last: Fingerprints, now: Fingerprints): string[] {
  return [...new Set([...taken.keys(), ...now.keys()])].filter(
    (name) => now.get(name) !== taken.get(name) && now.get(name) === last.get(name),
  );
}

/**
 * With NEXUS_MODEL_CONTROL_MODE=poll, polls the repository and applies changes to the served models. A model that
 * cannot be loaded is not retried until its files change.
 */
@Injectable()
export class RepositoryWatcher implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Models');
  private readonly stopping = new AbortController();
  private taken = new Map<string, string>();
  private last: Fingerprints = new Map();

  constructor(
    private readonly config: Config,
    private readonly control: ModelControl,
    private readonly registry: ModelRegistry,
    private readonly mirrors: Mirrors,
    private readonly cluster: Cluster,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.modelControlMode === 'poll') void this.watch();
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
  }

  private async watch(): Promise<void> {
    const period = this.config.repositoryPollSecs * 1000;
    try {
      await this.mirrors.ready;
      this.taken = await this.firstLook();
      // The other processes serve the same copies.
      if (this.cluster.index === 0) this.mirrors.follow().catch((error: unknown) => this.logger.error(error));
      for await (const _ of every(period, undefined, { signal: this.stopping.signal, ref: false }))
        await this.follow().catch((error: unknown) => this.unreadable(error));
    } catch (error) {
      if (!this.stopping.signal.aborted) throw error;
    }
  }

  /** The state that was loaded at start. If the repository cannot be read, all served models count as changed. */
  private async firstLook(): Promise<Map<string, string>> {
    return this.look().then(
      ({ now }) => now,
      (error: unknown) => {
        this.unreadable(error);
        return new Map(this.registry.list().map(({ name }) => [name, '']));
      },
    );
  }

  private unreadable(error: unknown): void {
    this.logger.warn(`cannot read the model repository: ${(error as Error).message}`);
  }

  private async follow(): Promise<void> {
    const { now, models } = await this.look();
    for (const name of settledChanges(this.taken, this.last, now)) {
      const print = now.get(name);
      if (print === undefined) this.taken.delete(name);
      else this.taken.set(name, print);
      const found = models.find((model) => model.name === name);
      // A model that takes long to load must not delay other models.
      this.control.follow(name, found).catch((error: unknown) => this.logger.error(error));
    }
    this.last = now;
  }

  private async look() {
    const { modelName } = this.config;
    const models = await scanRepositories(this.mirrors.roots, modelName);
    // Otherwise a second model would unload the first, which then has another name.
    const fault = nameFault(modelName, models);
    if (fault !== '') throw new Error(fault);
    const prints = models.map(async (model) => [model.name, await modelFingerprint(model)] as const);
    return { models, now: new Map(await Promise.all(prints)) };
  }
}
