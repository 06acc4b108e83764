import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { ModelRegistry } from '../models/model-registry';
import type { ModelVersion } from '../models/model-version';
import { identifiersOf } from './models/identifiers';
import { modelDocument, type ModelDocument } from './models/model-document';
import { refusalComponents } from './models/operation';

/** The document as it is sent. */
export interface ServedDocument {
  readonly body: Buffer;
  /** Quoted, as HTTP has it; the same for the same document, whenever and wherever it was made. */
  readonly etag: string;
}

/** What a model adds, as JSON text by its key, so that a document of many models is put together in milliseconds. */
interface Fragment {
  readonly identifier: string;
  readonly digest: string;
  readonly tag: string;
  readonly paths: readonly Entry[];
  readonly schemas: readonly Entry[];
}

type Entry = readonly [key: string, json: string];

/** So many models are described in a few milliseconds; then others have a turn. */
const MODELS_A_TURN = 16;

/** The OpenAPI document with the operations of every model that is READY. */
export class LiveDocument {
  private readonly fragments = new WeakMap<ModelVersion, Fragment>();
  private readonly fixedDigest: string;
  private latest: ServedDocument | undefined;

  /** @param fixed the operations that do not depend on the models. */
  constructor(
    private readonly fixed: OpenAPIObject,
    private readonly registry: ModelRegistry,
  ) {
    this.fixedDigest = digestOf(JSON.stringify(fixed));
  }

  /** The document of this moment. */
  async current(): Promise<ServedDocument> {
    const fragments = await this.describe(this.ready());
    const etag = `"${digestOf([this.fixedDigest, ...fragments.map(({ digest }) => digest)].join())}"`;
    if (this.latest?.etag !== etag) this.latest = { body: Buffer.from(this.compose(fragments)), etag };
    return this.latest;
  }

  /** The newest ready version of each model. */
  private ready(): ModelVersion[] {
    return this.registry
      .list()
      .flatMap(({ versions }) => versions.findLast(({ state }) => state === 'READY') ?? []);
  }

  private async describe(versions: readonly ModelVersion[]): Promise<Fragment[]> {
    const identifiers = identifiersOf(versions.map(({ name }) => name));
    const fragments: Fragment[] = [];
    let made = 0;
    for (const version of versions) {
      const identifier = identifiers.get(version.name)!;
      let fragment = this.fragments.get(version);
      if (fragment?.identifier !== identifier) {
        fragment = fragmentOf(modelDocument(version, identifier), identifier);
        this.fragments.set(version, fragment);
        if (++made % MODELS_A_TURN === 0) await turn();
      }
      fragments.push(fragment);
    }
    return fragments;
  }

  private compose(fragments: readonly Fragment[]): string {
    const { paths, tags = [], components = {}, ...rest } = this.fixed;
    const schemas = [...entriesOf(components.schemas ?? {}), ...fragments.flatMap((each) => each.schemas)];
    const allPaths = [...entriesOf(paths), ...fragments.flatMap((each) => each.paths)];
    const allTags = [...fragments.map(({ tag }) => tag), ...tags.map((tag) => JSON.stringify(tag))];
    const responses = fragments.length === 0 ? {} : refusalComponents('ErrorAnswer', 'V2Error');
    const parts = [
      JSON.stringify(rest).slice(1, -1),
      `"tags":[${allTags.join()}]`,
      `"paths":${objectOf(allPaths)}`,
      `"components":{"responses":${JSON.stringify(responses)},"schemas":${objectOf(schemas)}}`,
    ];
    return `{${parts.join()}}`;
  }
}

function fragmentOf({ tag, paths, schemas }: ModelDocument, identifier: string): Fragment {
  const text = { tag: JSON.stringify(tag), paths: entriesOf(paths), schemas: entriesOf(schemas) };
  return { identifier, digest: digestOf(JSON.stringify(text)), ...text };
}

function entriesOf(object: object): Entry[] {
  return Object.entries(object).map(([key, value]) => [key, JSON.stringify(value)]);
}

/** A JSON object of `entries`, sorted by key, each once. */
function objectOf(entries: readonly Entry[]): string {
  const sorted = [...new Map(entries)].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join()}}`;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
