import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Cluster } from '../../common/cluster';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import { ConfigError } from '../../config/config-error';
import { copyFolder, isUrl } from '../../config/model-repository';
import { versionAfter, type Copy } from '../../replicas/copy';
import { Replicas } from '../../replicas/replicas';
import { rolloutContent, copyOfRollout, rolloutDigest, rolloutIn } from './rollout-document';
import { readRollouts, updateRollouts, type Rollout } from './state-file';
import { stickyChoice, WeightedRoundRobin, type Shadow, type Traffic, type Weighted } from './traffic';

const NONE: Rollout = { aliases: {}, traffic: null };

/** The kind of the documents that replicas share; their ids are the names of models. */
const KIND = 'rollout';

/** Maximum number of times that a change is decided anew because another replica was faster. */
const MAX_TRIES = 20;

/**
 * Aliases and traffic splits of all models, as set by operators. They are stored in a file, and with NEXUS_REDIS_URL also
 * shared by all replicas.
 */
@Injectable()
export class Rollouts implements OnModuleInit {
  private readonly logger = new Logger('Rollouts');
  private models = new Map<string, Rollout>();
  private readonly turns = new Map<string, WeightedRoundRobin>();
  private changing: Promise<unknown> = Promise.resolve();
  private saving: Promise<void> = Promise.resolve();
  private path = '';

  constructor(
    private readonly config: Config,
    private readonly cluster: Cluster,
    private readonly replicas: Replicas,
  ) {}

  /** Reads the state file, then what is newer in Redis. @throws ConfigError if the file cannot be read. */
  async onModuleInit(): Promise<void> {
    this.path = await pathOf(this.config);
    try {
      this.models = new Map(Object.entries(await readRollouts(this.path)));
    } catch (error) {
      throw new ConfigError([
        `NEXUS_STATE_FILE=${this.path}: cannot be read: ${(error as Error).message}; repair it, or move it away to start without aliases and traffic`,
      ]);
    }
    const own = new Map([...this.models].map(([model, rollout]) => [model, copyOfRollout(rollout)]));
    await this.replicas.join(KIND, own, (model, copy, before) => this.take(model, copy, before));
  }

  /** The aliases and traffic split of `model`. */
  of(model: string): Rollout {
    return this.models.get(model) ?? NONE;
  }

  /** The version that `name`, a version or an alias, refers to. */
  versionOf(model: string, name: string): string {
    const { aliases } = this.of(model);
    return Object.hasOwn(aliases, name) ? aliases[name]! : name;
  }

  /** The shadow version of `model` and its share of the requests; undefined if there is none. */
  shadowOf(model: string): Shadow | undefined {
    const shadow = this.of(model).traffic?.shadow;
    return shadow && { ...shadow, version: this.versionOf(model, shadow.version) };
  }

  /**
   * Selects one of the versions in `ready` by weight; with sticky traffic, always the same for `caller`. Returns undefined
   * if none of them has a weight.
   */
  choose(model: string, ready: readonly string[], caller: { readonly id: string }): string | undefined {
    const { traffic } = this.of(model);
    if (traffic === null) return undefined;
    const candidates = this.candidates(model, traffic, ready);
    return traffic.sticky ? stickyChoice(candidates, caller.id) : this.turnsOf(model).next(candidates);
  }

  /**
   * The share of the requests without a version that `version` gets, from 0 to 1.
   * @param ready the READY versions, oldest first.
   */
  shareOf(model: string, version: string, ready: readonly string[]): number {
    const { traffic } = this.of(model);
    const candidates = traffic === null ? [] : this.candidates(model, traffic, ready);
    // As in ModelRegistry.find.
    if (candidates.length === 0) return Number(version === ready.at(-1));
    const sum = (weights: readonly Weighted[]) => weights.reduce((total, { weight }) => total + weight, 0);
    return sum(candidates.filter((candidate) => candidate.version === version)) / sum(candidates);
  }

  /** The versions in `ready` that have a weight. */
  private candidates(model: string, { weights }: Traffic, ready: readonly string[]): readonly Weighted[] {
    return Object.entries(weights)
      .map(([name, weight]) => ({ version: this.versionOf(model, name), weight }))
      .filter(({ version, weight }) => weight > 0 && ready.includes(version));
  }

  /**
   * Applies `change` to the state of `model`: in Redis, if replicas share it, and in the file. Resolves with the previous
   * state. If another replica has changed the model at the same time, `change` is called again with the newer state.
   * @throws NexusError state_not_written, replicas_unavailable, replicas_busy, and any error of `change`
   */
  async change(model: string, change: (before: Rollout) => Rollout): Promise<Rollout> {
    const turn = this.changing.then(() =>
      this.replicas.isConfigured ? this.changeForAll(model, change) : this.changeAlone(model, change),
    );
    this.changing = turn.catch(() => {});
    return turn;
  }

  /** Sets the state of `model` that another process has written to the file, unless this one has a newer state. */
  adopt(model: string, rollout: Rollout): void {
    this.replicas.hold(KIND, model, copyOfRollout(rollout));
    this.set(model, rollout);
  }

  private async changeAlone(model: string, change: (before: Rollout) => Rollout): Promise<Rollout> {
    const before = this.of(model);
    const after = { ...change(before), changedAt: versionAfter(before.changedAt ?? 0, Date.now()) };
    await updateRollouts(this.path, new Map(this.models).set(model, after)).catch(
      (error: NodeJS.ErrnoException) => {
        throw errors.stateNotWritten(this.path, error.code ?? error.message);
      },
    );
    this.set(model, after);
    return before;
  }

  private async changeForAll(model: string, change: (before: Rollout) => Rollout): Promise<Rollout> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = this.of(model);
      const after = change(before);
      const content = rolloutContent(after);
      const copy = await this.replicas.publish(KIND, model, content, rolloutDigest(content));
      if (typeof copy !== 'string') {
        this.set(model, { ...after, changedAt: copy.version });
        await this.save();
        return before;
      }
      if (copy !== 'conflict' || !(await this.replicas.sync()))
        throw errors.replicasUnavailable(this.replicas.standing.reason || copy);
    }
    throw errors.replicasBusy();
  }

  /** Uses the state of `model` from another replica. */
  private take(model: string, copy: Copy, before: Copy | undefined): void {
    const rollout = rolloutIn(copy);
    if (rollout === undefined) {
      this.logger.error(`aliases and traffic of model '${model}' in Redis cannot be read, and are ignored`);
      return;
    }
    if (before?.version === copy.version)
      this.logger.warn(
        `aliases and traffic of model '${model}' differed from those of the other replicas, and were replaced by them; this was dropped: ${String(before.content)}`,
      );
    this.replace(model, rollout);
    // One process writes the file for all of this replica.
    if (this.cluster.index === 0) void this.save();
  }

  private set(model: string, rollout: Rollout): void {
    if ((rollout.changedAt ?? 0) > (this.of(model).changedAt ?? 0)) this.replace(model, rollout);
  }

  private replace(model: string, rollout: Rollout): void {
    this.models = new Map(this.models).set(model, rollout);
    this.turns.delete(model);
  }

  /** Writes the file, which is a copy of what Redis has. Never rejects. */
  private save(): Promise<void> {
    this.saving = this.saving.then(() =>
      updateRollouts(this.path, this.models).catch((error: NodeJS.ErrnoException) =>
        this.logger.warn(
          `cannot write the state file ${this.path} (${error.code ?? error.message}), so aliases and traffic are kept in Redis and in memory only; set NEXUS_STATE_FILE to a writable file`,
        ),
      ),
    );
    return this.saving;
  }

  private turnsOf(model: string): WeightedRoundRobin {
    let turns = this.turns.get(model);
    if (turns === undefined) this.turns.set(model, (turns = new WeightedRoundRobin()));
    return turns;
  }
}

/** Path of the state file: the configured path, or a file in the first model repository, or in its local copy. */
async function pathOf(config: Config): Promise<string> {
  if (config.stateFile !== '') return resolve(config.stateFile);
  const [first] = config.modelRepository;
  if (isUrl(first!)) return join(copyFolder(config, first!), '.nexus-state.json');
  const root = resolve(first!);
  const isFolder = await stat(root).then(
    (found) => found.isDirectory(),
    () => true,
  );
  return join(isFolder ? root : dirname(root), '.nexus-state.json');
}
