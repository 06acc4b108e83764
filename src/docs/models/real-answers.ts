import { setTimeout as delay } from 'node:timers/promises';
import type { Servable } from '../../models/model';
import { exampleBody } from './example-values';

/** What a model answers to its example, by the two protocols. */
export interface Answer {
  readonly predict: object;
  readonly infer: object;
}

/** Runs `version` on the prediction `body`. Undefined when its answer is too long to show, 'busy' when it is to be asked later. */
export type Answering = (version: Servable, body: string) => Promise<Answer | 'busy' | undefined>;

/** What came of an example, and of which settings and load of its version. */
interface Known {
  readonly settings: object;
  readonly loadedAt: Date | undefined;
  readonly answer: Answer | undefined;
}

/** So many models have an answer in the document, which bounds it together with the length of each. */
const MOST_MODELS = 200;

/** How long a reader waits for answers that are not there yet; the next one finds them. */
const PATIENCE_MS = 500;

/** The answer of each model to its example: asked for once a version, when the document is read, one model at a time. */
export class RealAnswers {
  private readonly known = new WeakMap<Servable, Known>();
  private asking: Promise<void> | undefined;

  constructor(private readonly ask: Answering) {}

  /** The answer of `version`; undefined while there is none. */
  of(version: Servable): Answer | undefined {
    return this.isKnown(version) ? this.known.get(version)?.answer : undefined;
  }

  /** Asks those of `versions` in memory whose answers are not known. Resolves when they are, at the latest in half a second. */
  async settle(versions: readonly Servable[]): Promise<void> {
    const unknown = versions
      .slice(0, MOST_MODELS)
      .filter((version) => version.inMemory && !this.isKnown(version));
    if (unknown.length === 0) return;
    this.asking ??= this.askAll(unknown).finally(() => (this.asking = undefined));
    const patience = new AbortController();
    const late = delay(PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => {});
    await Promise.race([this.asking, late]);
    patience.abort();
  }

  private async askAll(versions: readonly Servable[]): Promise<void> {
    for (const version of versions) {
      const { settings } = version.options;
      const { loadedAt } = version;
      const answer = await this.answerOf(version);
      if (answer !== 'busy') this.known.set(version, { settings, loadedAt, answer });
    }
  }

  /** A model that fails on its example has no answer to show; its runners have logged why, where it matters. */
  private async answerOf(version: Servable): Promise<Answer | 'busy' | undefined> {
    try {
      const body = exampleBody(version, 'predict');
      return body && (await this.ask(version, [...body].join('')));
    } catch {
      return undefined;
    }
  }

  private isKnown(version: Servable): boolean {
    const known = this.known.get(version);
    return known?.settings === version.options.settings && known.loadedAt === version.loadedAt;
  }
}
