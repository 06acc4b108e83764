import { setTimeout as delay } from 'node:timers/promises';
import type { Servable } from '../../models/model';
import { exampleBody } from './example-values';

/** The response of a model to its example, in both protocols. */
export interface Answer {
  readonly predict: object;
  readonly infer: object;
}

/** Runs `version` on the prediction `body`. Undefined if the response is too long to show, 'busy' to retry later. */
export type Answering = (version: Servable, body: string) => Promise<Answer | 'busy' | undefined>;

/** The response to an example, with the settings and load time of the version that returned it. */
interface Known {
  readonly settings: object;
  readonly loadedAt: Date | undefined;
  readonly answer: Answer | undefined;
}

/** How many models have a response in the document. Together with the length of each, it limits the size of the document. */
const MOST_MODELS = 200;

/** How long a request for the document waits for missing responses. Later requests include them. */
const PATIENCE_MS = 500;

/** The response of each model to its example. Runs each version once, when the document is requested, one model at a time. */
export class RealAnswers {
  private readonly known = new WeakMap<Servable, Known>();
  private asking: Promise<void> | undefined;

  constructor(private readonly ask: Answering) {}

  /** The response of `version`; undefined if there is none yet. */
  of(version: Servable): Answer | undefined {
    return this.isKnown(version) ? this.known.get(version)?.answer : undefined;
  }

  /** Runs the examples of those `versions` in memory that have no response yet. Resolves when they finish, after half a second at the latest. */
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

  /** Undefined if the model fails on its example. Its runners log the error if it matters. */
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
