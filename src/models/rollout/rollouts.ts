import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import { ConfigError } from '../../config/config-error';
import { copyFolder, isUrl } from '../../config/model-repository';
import { readRollouts, writeRollouts, type Rollout, type RolloutsByModel } from './state-file';
import { stickyChoice, WeightedRoundRobin, type Shadow, type Traffic, type Weighted } from './traffic';

const NONE: Rollout = { aliases: {}, traffic: null };

/** Aliases and traffic splits of all models, as set by operators. They are stored in a file. */
@Injectable()
export class Rollouts implements OnModuleInit {
  private models = new Map<string, Rollout>();
  private readonly turns = new Map<string, WeightedRoundRobin>();
  private writing: Promise<void> = Promise.resolve();
  private path = '';

  constructor(private readonly config: Config) {}

  /** Reads the state file. @throws ConfigError if it cannot be read. */
  async onModuleInit(): Promise<void> {
    this.path = await pathOf(this.config);
    try {
      this.models = new Map(Object.entries(await readRollouts(this.path)));
    } catch (error) {
      throw new ConfigError([
        `NEXUS_STATE_FILE=${this.path}: cannot be read: ${(error as Error).message}; repair it, or move it away to start without aliases and traffic`,
      ]);
    }
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
   * Applies `change` to the state of `model` after writing the result to the file. Resolves with the previous state.
   * @throws NexusError state_not_written, and any error of `change`
   */
  async change(model: string, change: (before: Rollout) => Rollout): Promise<Rollout> {
    const turn = this.writing.then(async () => {
      const before = this.of(model);
      const models = new Map(this.models).set(model, change(before));
      await this.write(Object.fromEntries([...models].toSorted(([one], [other]) => (one < other ? -1 : 1))));
      this.models = models;
      this.turns.delete(model);
      return before;
    });
    this.writing = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  /** Sets the state of `model` that another process has written to the file. */
  adopt(model: string, rollout: Rollout): void {
    this.models = new Map(this.models).set(model, rollout);
    this.turns.delete(model);
  }

  private async write(models: RolloutsByModel): Promise<void> {
    await writeRollouts(this.path, models).catch((error: NodeJS.ErrnoException) => {
      throw errors.stateNotWritten(this.path, error.code ?? error.message);
    });
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
