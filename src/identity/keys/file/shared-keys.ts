import { Logger } from '@nestjs/common';
import type { Copy } from '../../../replicas/copy';
import type { Replicas } from '../../../replicas/replicas';
import type { KeysReader } from './keys-reader';
import type { KeysPieces, KeysReading, PackedKeys } from './keys.worker';
import { historyAfter, keysDocument, keysIn, type KeysShared } from './shared-document';

/** With whom keys are shared. */
export interface KeysSharing {
  readonly replicas: Pick<Replicas, 'isConfigured' | 'join' | 'publish' | 'sync' | 'copyOf'>;
  /** Whether this process publishes, and writes the file. Other processes of the replica only use the keys. */
  readonly isLeader: boolean;
}

const KIND = 'keys';
const ID = 'file';

/** How often a change that Redis could not take is published again. */
const RETRY_MS = 1000;

/**
 * Version of the first document. The file at a start may be old, so it loses to every other version; the history of that
 * decides whether it wins after all.
 */
const FIRST_VERSION = 1;

/** What the log calls keys that are not from the file. */
const FROM_REPLICAS = 'keys of the other replicas';

type Read = Exclude<KeysReading, { readonly faults: unknown }>;

/**
 * The keys file as a document that replicas share. A change of the file is an edit, and is published; the edits of others
 * are used, and written to the file. A file whose content was replaced before is out of date: it is neither used nor
 * published, so that a key that was revoked stays revoked.
 */
export class SharedKeys {
  private readonly logger = new Logger('Keys');
  private shared: KeysShared | undefined;
  private inUse = '';
  /** The last correct content of the file. */
  private file: PackedKeys | undefined;
  /** What the file had when it last agreed with the replicas. An edit of the file is an edit of this. */
  private base: KeysShared | undefined;
  /** Digest of a content of the file that could not be combined with a change of another replica. */
  private refused = '';
  /** What is to be published. */
  private edit: PackedKeys | undefined;
  private work: Promise<unknown> = Promise.resolve();
  private retry: NodeJS.Timeout | undefined;
  private isStopped = false;
  private hasReported = false;
  /** Whether the shared keys are what this replica has published as the first. */
  private isOwnStart = false;

  /** @param use takes keys; `from` is for the log. */
  constructor(
    private readonly path: string,
    private readonly reader: KeysReader,
    private readonly sharing: KeysSharing,
    private readonly use: (pieces: KeysPieces, from: string) => Promise<void>,
  ) {}

  /** Compares `reading` of the file, which is in use, with the keys of the other replicas. Waits for them if Redis is available. */
  async join(reading: Read): Promise<void> {
    this.file = this.edit = packedOf(reading);
    this.inUse = reading.digest;
    await this.sharing.replicas.join(KIND, new Map(), () => void this.later(() => this.take()));
    await this.later(() => this.publish());
  }

  /** Reads the file again. Returns its faults. */
  fileChanged(): Promise<readonly string[]> {
    return this.inTurn(async () => {
      const reading = await this.reader.read(this.path);
      if ('faults' in reading) return reading.faults;
      const before = this.file;
      this.file = packedOf(reading);
      const { shared } = this;
      if (shared?.digest === reading.digest) {
        this.agree(shared);
        if (this.inUse !== reading.digest) await this.take();
        return [];
      }
      // Files of Kubernetes may follow a minute later, and not go through all contents.
      if (
        shared !== undefined &&
        before?.digest !== shared.digest &&
        shared.history.includes(reading.digest)
      ) {
        this.reportStale();
        return [];
      }
      await this.useNow(reading, this.path);
      this.edit = this.file;
      if (shared !== undefined && this.sharing.isLeader) await this.merge(shared);
      if (this.edit === undefined) await this.take();
      await this.publish();
      return [];
    });
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.retry);
  }

  /** Uses the keys of the other replicas. */
  private async take(): Promise<void> {
    const copy = this.sharing.replicas.copyOf(KIND, ID);
    const taken = copy && this.keysOf(copy);
    if (taken === undefined) return;
    const before = this.shared;
    const { edit, file } = this;
    this.shared = taken;
    if (file?.digest === taken.digest) this.base = taken;
    if (edit?.digest === taken.digest) this.edit = undefined;
    else if (before === undefined && edit !== undefined && taken.history.includes(edit.digest)) {
      this.edit = undefined;
      this.reportStale();
    } else if (this.isUnseen(before, taken)) {
      this.base = undefined;
      this.edit = { digest: before.digest, packed: new Uint8Array(before.packed) };
    }
    if (this.edit !== undefined && this.sharing.isLeader) await this.merge(taken);
    if (this.edit !== undefined && this.sharing.isLeader) return this.publish();
    if (taken.digest !== this.inUse) {
      const reading = await this.reader.unpack(taken.packed);
      if ('faults' in reading)
        return this.logger.error(`${FROM_REPLICAS} cannot be used: ${reading.faults.join('; ')}`);
      await this.useNow(reading, FROM_REPLICAS);
    }
    await this.write(taken);
  }

  /**
   * Whether `before` is the file of a start, published when Redis had lost its data, and `taken` comes from replicas that
   * have never seen it. It is then newer, as any file that they have never seen.
   */
  private isUnseen(before: KeysShared | undefined, taken: KeysShared): before is KeysShared {
    return before?.version === FIRST_VERSION && this.isOwnStart && !taken.history.includes(before.digest);
  }

  /** Makes the edit one of `shared`, if it was one of an earlier version. */
  private async merge(shared: KeysShared): Promise<void> {
    const { base, edit } = this;
    if (edit === undefined || base === undefined || base.digest === shared.digest) return;
    const merged = await this.reader.merge({ base: base.packed, mine: edit.packed, theirs: shared.packed });
    if ('faults' in merged) {
      // Published as it is, it could bring back a key that the other change has disabled.
      this.refused = edit.digest;
      this.edit = undefined;
      this.logger.error(
        `${this.path}: this content cannot be combined with a change of another replica at the same time, so it is not used; correct it: ${merged.faults.join('; ')}`,
      );
      return;
    }
    this.base = shared;
    this.edit = packedOf(merged);
    await this.useNow(merged, `${this.path} and ${FROM_REPLICAS}`);
  }

  /** Publishes the edit, if there is one. */
  private async publish(): Promise<void> {
    clearTimeout(this.retry);
    const { edit } = this;
    if (edit === undefined || !this.sharing.isLeader || this.isStopped) return;
    const history = historyAfter(this.shared, this.file?.digest ?? '', edit.digest);
    const content = keysDocument(history, edit.packed);
    const isFirst = this.shared === undefined;
    const time = isFirst ? FIRST_VERSION : Date.now();
    const copy = await this.sharing.replicas.publish(KIND, ID, content, edit.digest, time);
    if (typeof copy !== 'string') {
      this.isOwnStart = isFirst;
      this.logger.log(`${this.path}: published to the other replicas`);
      this.shared = keysIn(copy);
      this.edit = undefined;
      if (this.file?.digest === edit.digest) this.base = this.shared;
      else if (this.shared !== undefined) await this.write(this.shared);
    } else if (copy === 'too large') {
      this.edit = undefined;
      this.logger.error(
        `${this.path}: too large to share with the other replicas, so only this replica uses it; remove expired and disabled keys, or copy the file to each of them`,
      );
    } else {
      // After a conflict, the newer keys arrive by another turn.
      if (copy === 'conflict') void this.sharing.replicas.sync();
      this.retry = setTimeout(() => void this.later(() => this.publish()), RETRY_MS).unref();
    }
  }

  /** The file has what the replicas share. */
  private agree(shared: KeysShared): void {
    this.base = shared;
    this.edit = undefined;
  }

  /** Writes `shared` to the file, unless somebody has changed it, which will be an edit. */
  private async write(shared: KeysShared): Promise<void> {
    const { file, path } = this;
    if (!this.sharing.isLeader || file === undefined || file.digest === shared.digest) return;
    // Its faults are for the operator to correct.
    if (file.digest === this.refused) return;
    const writing = await this.reader.write({ path, packed: shared.packed, over: [file.digest] });
    if (writing === 'written') {
      this.file = { digest: shared.digest, packed: new Uint8Array(shared.packed) };
      this.agree(shared);
    } else if (writing !== 'changed') {
      // A file that this replica cannot write has its own source, whose next content replaces all keys.
      this.base = undefined;
      if (!this.hasReported)
        this.logger.log(
          `${path}: cannot be written (${writing.failure}), so changes of other replicas are kept in memory and in Redis`,
        );
      this.hasReported = true;
    }
  }

  private keysOf(copy: Copy): KeysShared | undefined {
    const keys = keysIn(copy);
    if (keys === undefined) this.logger.error(`${FROM_REPLICAS} cannot be read, and are ignored`);
    return keys;
  }

  private async useNow({ pieces, digest }: Read, from: string): Promise<void> {
    await this.use(pieces, from);
    this.inUse = digest;
  }

  private reportStale(): void {
    if (this.sharing.isLeader)
      this.logger.warn(
        `${this.path}: this content was replaced by another replica, so the newer keys of the replicas are used; to use the file nevertheless, change it, for example by a comment`,
      );
  }

  /** Never rejects. */
  private later(work: () => Promise<void>): Promise<void> {
    return this.inTurn(work).catch((error: unknown) => {
      // The reader ends with the process.
      if (!this.isStopped) this.logger.error({ msg: 'keys could not be shared', err: error as Error });
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.work.then(work);
    this.work = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }
}

function packedOf({ digest, packed }: Read): PackedKeys {
  return { digest, packed };
}
