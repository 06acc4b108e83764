import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { ModelRegistry } from '../models/model-registry';
import type { Servable } from '../models/servable';
import { identifiersOf } from './models/identifiers';
import { modelDocument, type ModelDocument } from './models/model-document';
import { refusalComponents } from './models/operation';
import { elementSchemas } from './models/tensor-schemas';

/** The document as it is sent. */
export interface ServedDocument {
  readonly body: Buffer;
  /** Quoted, as HTTP has it; the same for the same document, whenever and wherever it was made. */
  readonly etag: string;
}

/** What a model adds, as JSON to be copied, so that a document of many models is put together in milliseconds. */
interface Fragment {
  readonly identifier: string;
  /** Those that it was made of: they may change while the version is served. */
  readonly settings: object;
  /** When the version was; what a pipeline takes may change with its models. */
  readonly loadedAt: Date | undefined;
  readonly digest: string;
  readonly tag: Buffer;
  /** Members of the objects of paths and of schemas. */
  readonly paths: Buffer;
  readonly schemas: Buffer;
  readonly datatypes: ModelDocument['datatypes'];
}

/** So many models are described in a few milliseconds; then others have a turn. */
const MODELS_A_TURN = 16;

/** The OpenAPI document with the operations of every model that is READY and whose inputs and outputs are known. */
export class LiveDocument {
  private readonly fragments = new WeakMap<Servable, Fragment>();
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
    if (this.latest?.etag !== etag) this.latest = { body: this.compose(fragments), etag };
    return this.latest;
  }

  /** The newest ready version of each model, by name. */
  private ready(): Servable[] {
    return this.registry
      .list()
      .flatMap(
        ({ versions }) =>
          versions.findLast(({ state, isDescribed }) => state === 'READY' && isDescribed) ?? [],
      )
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  private async describe(versions: readonly Servable[]): Promise<Fragment[]> {
    const identifiers = identifiersOf(versions.map(({ name }) => name));
    const fragments: Fragment[] = [];
    let made = 0;
    for (const version of versions) {
      const identifier = identifiers.get(version.name)!;
      let fragment = this.fragments.get(version);
      if (fragment === undefined || !isOf(fragment, identifier, version)) {
        const { loadedAt, options } = version;
        const { settings } = options;
        fragment = { ...fragmentOf(modelDocument(version, identifier)), identifier, settings, loadedAt };
        this.fragments.set(version, fragment);
        if (++made % MODELS_A_TURN === 0) await turn();
      }
      fragments.push(fragment);
    }
    return fragments;
  }

  private compose(fragments: readonly Fragment[]): Buffer {
    const { paths, tags = [], components = {}, ...rest } = this.fixed;
    const elements = elementSchemas(new Set(fragments.flatMap(({ datatypes }) => [...datatypes])));
    const responses = fragments.length === 0 ? {} : refusalComponents('ErrorAnswer', 'V2Error');
    const schemas = { ...components.schemas, ...elements };
    return Buffer.concat([
      Buffer.from(`{${inner(rest)},"tags":[`),
      ...joined([...fragments.map(({ tag }) => tag), Buffer.from(inner(tags))]),
      Buffer.from('],"paths":{'),
      ...joined([Buffer.from(inner(paths)), ...fragments.map((each) => each.paths)]),
      Buffer.from(`},"components":{"responses":${JSON.stringify(responses)},"schemas":{`),
      ...joined([Buffer.from(inner(schemas)), ...fragments.map((each) => each.schemas)]),
      Buffer.from('}}}'),
    ]);
  }
}

/** Whether `fragment` tells of `version` as it is now. */
function isOf(fragment: Fragment, identifier: string, { options, loadedAt }: Servable): boolean {
  const { settings } = options;
  return (
    fragment.identifier === identifier && fragment.settings === settings && fragment.loadedAt === loadedAt
  );
}

const COMMA = Buffer.from(',');

function fragmentOf({ tag, paths, schemas, datatypes }: ModelDocument) {
  const text = [JSON.stringify(tag), inner(paths), inner(schemas)] as const;
  const [tagJson, pathsJson, schemasJson] = text.map((json) => Buffer.from(json)) as [Buffer, Buffer, Buffer];
  const digest = digestOf(text.join());
  return { digest, datatypes, tag: tagJson, paths: pathsJson, schemas: schemasJson };
}

/** The JSON of an object or an array without its brackets. */
function inner(value: object): string {
  return JSON.stringify(value).slice(1, -1);
}

/** Those of `parts` that are not empty, with commas between. */
function joined(parts: readonly Buffer[]): Buffer[] {
  return parts
    .filter(({ length }) => length > 0)
    .flatMap((part, index) => (index === 0 ? [part] : [COMMA, part]));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
