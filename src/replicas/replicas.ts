import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config';
import { RedisConnection } from '../redis/redis-connection';
import { stepFor, versionAfter, type Copy } from './copy';
import { DocumentStore, MAX_DOCUMENT_BYTES } from './document-store';

/** How often a replica asks Redis whether a document has changed. */
const POLL_MS = 250;

/** A document may be large, and no request of a client waits for it. */
const TIMEOUT_MS = 3000;

/** How long a start waits for a Redis that answers slowly. For one that is gone, it waits a second at most. */
const JOIN_MS = 5000;

const NOT_SET = 'NEXUS_REDIS_URL is not set';

/** Whether a replica shares its state with the others. */
export interface ReplicaStanding {
  readonly mode: 'shared' | 'alone';
  readonly since: Date;
  /** Why it stands alone; empty if it does not. */
  readonly reason: string;
}

/** Why a new version of a document was not published. If Redis is `unavailable`, it may yet become so. */
export type Unpublished = 'conflict' | 'too large' | 'unavailable';

/** Uses the document `id` that another replica has changed. `before` is the version that this process had. */
export type Adopt = (id: string, copy: Copy, before: Copy | undefined) => void;

/** The documents that a process had from others, put into Redis, put back, and could not put because of a newer one. */
export interface DocumentCounts {
  adopted: number;
  published: number;
  restored: number;
  conflict: number;
}

/**
 * Documents that all gateways with the same NEXUS_REDIS_URL share. A document has a kind and an id. It is replaced only
 * by a higher version, so what arrives late changes nothing. Every process polls on its own, and keeps a copy of each
 * document; it puts the copy back if Redis has lost the document.
 */
@Injectable()
export class Replicas implements OnApplicationShutdown {
  readonly counts: DocumentCounts = { adopted: 0, published: 0, restored: 0, conflict: 0 };
  private readonly logger = new Logger('Replicas');
  private readonly redis: RedisConnection | undefined;
  private readonly store: DocumentStore | undefined;
  private readonly kinds = new Map<string, Adopt>();
  private readonly copies = new Map<string, Copy>();
  /** The revision of Redis that this process has taken; undefined if it must compare all documents. */
  private seen: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private work: Promise<unknown> = Promise.resolve();
  private current: ReplicaStanding;

  constructor({ redisUrl }: Config) {
    this.current = { mode: 'alone', since: new Date(), reason: redisUrl === '' ? NOT_SET : '' };
    if (redisUrl === '') return;
    // Its own connection: a large document would hold up the commands that requests wait for.
    this.redis = new RedisConnection(redisUrl, TIMEOUT_MS, true);
    this.store = new DocumentStore(this.redis);
  }

  /** Whether NEXUS_REDIS_URL is set. */
  get isConfigured(): boolean {
    return this.store !== undefined;
  }

  get standing(): ReplicaStanding {
    return this.current;
  }

  /**
   * Shares the documents of `kind`, and waits for those of the other replicas, if Redis is available.
   * @param own documents of this replica, by id.
   * @param adopt is called for each newer document, also later.
   */
  async join(kind: string, own: ReadonlyMap<string, Copy>, adopt: Adopt): Promise<void> {
    if (this.redis === undefined) return;
    this.kinds.set(kind, adopt);
    for (const [id, copy] of own) this.copies.set(nameOf(kind, id), copy);
    this.seen = undefined;
    this.timer ??= setTimeout(() => void this.poll(), POLL_MS).unref();
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<void>((resolve) => (timer = setTimeout(resolve, JOIN_MS)));
    await Promise.race([this.redis.opened.then(() => this.sync()), tooLate]);
    clearTimeout(timer);
  }

  /** The version that this process has. */
  copyOf(kind: string, id: string): Copy | undefined {
    return this.copies.get(nameOf(kind, id));
  }

  /**
   * Puts a new version of a document into Redis, unless another replica has put one that this process does not have. Call
   * {@link sync} after a conflict, and decide again.
   * @param digest of the content, without spaces.
   * @param time of the change, in milliseconds since 1970.
   */
  async publish(
    kind: string,
    id: string,
    content: Buffer,
    digest: string,
    time = Date.now(),
  ): Promise<Copy | Unpublished> {
    if (content.length > MAX_DOCUMENT_BYTES) return 'too large';
    const name = nameOf(kind, id);
    const base = this.copies.get(name);
    const copy = { version: versionAfter(base?.version ?? 0, time), digest, content };
    const isPut = await this.store?.put(name, copy, base);
    // A Redis that loses this version may return to the revision before it.
    this.seen = undefined;
    if (isPut === undefined) {
      this.stands(false);
      return 'unavailable';
    }
    this.counts[isPut ? 'published' : 'conflict']++;
    if (!isPut) return 'conflict';
    this.keep(name, copy);
    return copy;
  }

  /** Keeps a version that another process of this gateway has put into Redis. */
  hold(kind: string, id: string, copy: Copy): void {
    if (this.isConfigured) this.keep(nameOf(kind, id), copy);
  }

  /** Takes what is newer in Redis, and puts back what is missing there. Returns whether Redis was available. */
  sync(): Promise<boolean> {
    const turn = this.work.then(() => this.syncNow());
    this.work = turn;
    return turn;
  }

  onApplicationShutdown(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.redis?.close();
  }

  private async poll(): Promise<void> {
    await this.sync();
    if (!this.isClosed) this.timer = setTimeout(() => void this.poll(), POLL_MS).unref();
  }

  private async syncNow(): Promise<boolean> {
    const isAvailable = await this.compare();
    this.stands(isAvailable);
    return isAvailable;
  }

  private async compare(): Promise<boolean> {
    const revision = await this.store?.revision();
    if (revision === undefined) return false;
    if (revision === this.seen) return true;
    const listing = await this.store!.list();
    if (listing === undefined) return false;
    // A kind that joins from now on needs another comparison.
    this.seen = listing.revision;
    for (const name of new Set([...listing.editions.keys(), ...this.copies.keys()])) {
      const step = stepFor(this.copies.get(name), listing.editions.get(name));
      // Documents of other kinds belong to another release.
      if (step === 'none' || !this.kinds.has(kindIn(name))) continue;
      if (!(await (step === 'adopt' ? this.adopt(name) : this.restore(name)))) {
        this.seen = undefined;
        return false;
      }
    }
    return true;
  }

  private async adopt(name: string): Promise<boolean> {
    const copy = await this.store!.read(name);
    if (copy == null) return copy === null;
    const before = this.copies.get(name);
    // It may have changed while Redis was read.
    if (stepFor(before, copy) !== 'adopt') return true;
    this.copies.set(name, copy);
    this.counts.adopted++;
    const kind = kindIn(name);
    this.kinds.get(kind)!(name.slice(kind.length + 1), copy, before);
    return true;
  }

  private async restore(name: string): Promise<boolean> {
    const isPut = await this.store!.restore(name, this.copies.get(name)!);
    if (isPut === true) this.counts.restored++;
    return isPut !== undefined;
  }

  private keep(name: string, copy: Copy): void {
    if (copy.version > (this.copies.get(name)?.version ?? 0)) this.copies.set(name, copy);
  }

  private stands(isShared: boolean): void {
    if (this.isClosed || this.redis === undefined) return;
    const reason = isShared ? '' : `Redis is not available: ${this.redis.fault || 'no connection yet'}`;
    const { mode, reason: before } = this.current;
    if (mode === (isShared ? 'shared' : 'alone') && (isShared || before !== '')) return;
    // At the start, a process that finds Redis has nothing to report.
    if (!isShared)
      this.logger.warn(
        `this replica stands alone, so aliases and traffic cannot be changed, and changes of keys reach no other replica: ${reason}`,
      );
    else if (before !== '') this.logger.log('this replica shares its state with the others again');
    this.current = { mode: isShared ? 'shared' : 'alone', since: new Date(), reason };
  }
}

function nameOf(kind: string, id: string): string {
  return `${kind}:${id}`;
}

function kindIn(name: string): string {
  return name.slice(0, name.indexOf(':'));
}
