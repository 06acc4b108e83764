import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Caller } from '../identity/caller';
import type { ModelRegistry } from '../models/registry/model-registry';
import type { Servable } from '../models/model';
import { introduction, type FirstModel } from './introduction';
import { SERVER } from './models/code-samples';
import { identifiersOf } from './models/identifiers';
import { modelDocument, type ModelDocument } from './models/model-document';
import { RealAnswers, type Answer, type Answering } from './models/real-answers';
import { elementSchemas } from './models/tensor-schemas';

/** The serialized document. */
export interface ServedDocument {
  readonly body: Buffer;
  /** Quoted, as in HTTP. Identical documents have the same etag, also across restarts and servers. */
  readonly etag: string;
}

/** A client that sees some models. */
type Seeing = Pick<Caller, 'sees'>;

/** A document split where the address of the server is inserted. */
interface Composed {
  readonly pieces: readonly Buffer[];
  readonly digest: string;
}

/** The part of a model, already serialized, so that a document of many models is assembled in milliseconds. */
interface Fragment extends FirstModel {
  readonly identifier: string;
  /** The settings it was built from. They can change while the version is served. */
  readonly settings: object;
  /** When the version was loaded. The inputs of a pipeline can change when its models are reloaded. */
  readonly loadedAt: Date | undefined;
  readonly answer: Answer | undefined;
  readonly digest: string;
  readonly tag: Buffer;
  /** Members of the `paths` and `schemas` objects, without braces. */
  readonly paths: Buffer;
  readonly schemas: Buffer;
  readonly datatypes: ModelDocument['datatypes'];
}

/** After this many models, which take a few milliseconds, the event loop runs other tasks. */
const MODELS_PER_TURN = 16;

/** The OpenAPI document with the operations of every model that is READY and whose inputs and outputs are known. */
export class LiveDocument {
  private readonly fragments = new WeakMap<Servable, Fragment>();
  private readonly fixedDigest: string;
  private readonly answers: RealAnswers;
  private latest: Composed | undefined;
  private sent: (ServedDocument & { readonly server: string; readonly of: Composed }) | undefined;

  /**
   * @param fixed the operations that do not depend on the models.
   * @param ask runs a model on its example.
   * @param needsKey whether requests need credentials, which the code samples then send.
   */
  constructor(
    private readonly fixed: OpenAPIObject,
    private readonly registry: ModelRegistry,
    ask: Answering,
    private readonly needsKey: boolean,
  ) {
    this.answers = new RealAnswers(ask);
    this.fixedDigest = digestOf(JSON.stringify(fixed));
  }

  /** The current document for `caller`, which reaches the gateway at the address `server`: only models that it sees. */
  async current(server: string, caller: Seeing): Promise<ServedDocument> {
    const versions = this.ready(caller);
    await this.answers.settle(versions);
    const fragments = await this.fragmentsOf(versions);
    const text = introduction(firstOf(fragments), this.unavailable(caller), this.needsKey);
    const digest = digestOf([this.fixedDigest, text, ...fragments.map((each) => each.digest)].join());
    if (this.latest?.digest !== digest) this.latest = { pieces: this.compose(fragments, text), digest };
    if (this.sent?.of !== this.latest || this.sent.server !== server) {
      const body = Buffer.concat(joined(this.latest.pieces, Buffer.from(server)));
      this.sent = { body, etag: `"${digestOf(`${digest} ${server}`)}"`, server, of: this.latest };
    }
    return this.sent;
  }

  /** The newest ready version of each model, sorted by name. */
  private ready(caller: Seeing): Servable[] {
    return this.registry
      .list()
      .filter(({ name }) => caller.sees(name))
      .flatMap(({ versions }) => versions.findLast(isDocumented) ?? [])
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The versions that did not load, sorted by name. */
  private unavailable(caller: Seeing): Servable[] {
    return this.registry
      .list()
      .filter(({ name }) => caller.sees(name))
      .flatMap(({ versions }) =>
        versions.filter(({ state, reason }) => state === 'UNAVAILABLE' && reason !== 'unloaded'),
      )
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  private async fragmentsOf(versions: readonly Servable[]): Promise<Fragment[]> {
    const identifiers = identifiersOf(versions.map(({ name }) => name));
    const fragments: Fragment[] = [];
    let count = 0;
    for (const version of versions) {
      const identifier = identifiers.get(version.name)!;
      let fragment = this.fragments.get(version);
      const answer = this.answers.of(version);
      if (fragment === undefined || !isCurrent(fragment, identifier, version, answer)) {
        const { loadedAt, options } = version;
        const { settings } = options;
        const made = fragmentOf(version.name, modelDocument(version, identifier, answer, this.needsKey));
        fragment = { ...made, identifier, settings, loadedAt, answer };
        this.fragments.set(version, fragment);
        if (++count % MODELS_PER_TURN === 0) await turn();
      }
      fragments.push(fragment);
    }
    return fragments;
  }

  /** Builds the document, split where the address of the server is inserted. */
  private compose(fragments: readonly Fragment[], text: string): Buffer[] {
    const { paths, tags = [], components = {}, info, ...rest } = this.fixed;
    const described = { ...info, description: `${info.description}\n\n${text}` };
    const elements = elementSchemas(new Set(fragments.flatMap(({ datatypes }) => [...datatypes])));
    const schemas = { ...components.schemas, ...elements };
    const { responses = {}, securitySchemes = {} } = components;
    const whole = Buffer.concat([
      Buffer.from(`{${inner({ ...rest, info: described })},"tags":[`),
      ...listed([...fragments.map(({ tag }) => tag), Buffer.from(inner(tags))]),
      Buffer.from('],"paths":{'),
      ...listed([Buffer.from(inner(paths)), ...fragments.map((each) => each.paths)]),
      Buffer.from(
        `},"components":{"responses":${JSON.stringify(responses)},"securitySchemes":${JSON.stringify(securitySchemes)},"schemas":{`,
      ),
      ...listed([Buffer.from(inner(schemas)), ...fragments.map((each) => each.schemas)]),
      Buffer.from('}}}'),
    ]);
    return split(whole, SERVER);
  }
}

/** Whether `fragment` is still valid for `version`. */
function isCurrent(
  fragment: Fragment,
  identifier: string,
  { options, loadedAt }: Servable,
  answer: Answer | undefined,
): boolean {
  const { settings } = options;
  return (
    fragment.identifier === identifier &&
    fragment.settings === settings &&
    fragment.loadedAt === loadedAt &&
    fragment.answer === answer
  );
}

const COMMA = Buffer.from(',');

function fragmentOf(name: string, { tag, paths, schemas, datatypes, samples }: ModelDocument) {
  const text = [JSON.stringify(tag), inner(paths), inner(schemas)] as const;
  const [tagJson, pathsJson, schemasJson] = text.map((json) => Buffer.from(json)) as [Buffer, Buffer, Buffer];
  const digest = digestOf(text.join());
  return { name, samples, digest, datatypes, tag: tagJson, paths: pathsJson, schemas: schemasJson };
}

/** The JSON of an object or array without its brackets. */
function inner(value: object): string {
  return JSON.stringify(value).slice(1, -1);
}

/** Joins the non-empty `parts` with commas. */
function listed(parts: readonly Buffer[]): Buffer[] {
  const some = parts.filter(({ length }) => length > 0);
  return joined(some, COMMA);
}

function joined(parts: readonly Buffer[], between: Buffer): Buffer[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [between, part]));
}

/** Splits `whole` at each `mark`. */
function split(whole: Buffer, mark: string): Buffer[] {
  const pieces: Buffer[] = [];
  let start = 0;
  for (let end = whole.indexOf(mark); end >= 0; end = whole.indexOf(mark, start)) {
    pieces.push(whole.subarray(start, end));
    start = end + mark.length;
  }
  return [...pieces, whole.subarray(start)];
}

/** The model with the shortest sample. */
function firstOf(fragments: readonly Fragment[]): FirstModel | undefined {
  const length = ({ samples }: Fragment) => samples[0]?.source.length ?? Infinity;
  const askable = fragments.filter(({ samples }) => samples.length > 0);
  return askable.toSorted((one, other) => length(one) - length(other))[0];
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** Whether the operations of the version can be described: a model without tensors has none of its own. */
function isDocumented({ state, isDescribed, forwarder }: Servable): boolean {
  return state === 'READY' && isDescribed && forwarder === undefined;
}
