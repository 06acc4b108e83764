import { LRUCache } from 'lru-cache';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { stampOf } from '../../common/file-stamp';
import { ConfigError } from '../../config/config-error';
import type { Config } from '../../config/config';
import { variableOf } from '../../config/load-config';
import type { Quotas } from '../../limits/quota';
import { Refusal } from '../refusal';
import type { Verified } from '../verified';
import { keyDigest, idOf } from './api-key';
import { EnvironmentKeys } from './environment-keys';
import { FileWatch } from './file/file-watch';
import { KeysReader } from './file/keys-reader';
import type { KeysPieces } from './file/keys.worker';
import { SharedKeys, type KeysSharing } from './file/shared-keys';
import { KeyTable } from './key-table';

/** The clock and the poll interval of a {@link KeyRing}. */
export interface KeyRingOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly pollMs?: number;
  /** With whom the keys are shared; none by default. */
  readonly sharing?: KeysSharing;
}

/**
 * Maximum number of remembered keys. A remembered key needs no hash. Only correct keys are remembered, and their look-up
 * compares hashes with a random seed first, so its duration reveals nothing of a key.
 */
const MAX_REMEMBERED = 10_000;

const NOT_A_KEY: Verified = { refusal: new Refusal('not a key') };
const UNKNOWN_SUBJECT: Verified = {
  refusal: new Refusal('the subject of the client certificate is unknown'),
};

/** A change is applied when two polls have seen it. */
const POLL_MS = 500;

/**
 * All keys of NEXUS_API_KEY and NEXUS_KEYS_FILE. The file is read again when it changes; if the new content has a fault,
 * the keys stay as they are, and a line of the log has the reason.
 */
export class KeyRing implements OnApplicationShutdown {
  private readonly logger = new Logger('Keys');
  private readonly environment: EnvironmentKeys;
  private readonly reader: KeysReader | undefined;
  private shared: SharedKeys | undefined;
  private readonly now: () => number;
  private table = KeyTable.empty();
  private watch: FileWatch | undefined;
  private changes = 0;
  private readonly remembered = new LRUCache<string, Verified>({ max: MAX_REMEMBERED });
  /** The generation of the remembered keys. */
  private rememberedIn = 0;
  /** Within it, no key expires. */
  private span: readonly [start: number, end: number] = [-Infinity, Infinity];

  private constructor(
    private readonly config: Pick<Config, 'apiKey' | 'keysFile'>,
    { now = Date.now }: KeyRingOptions,
  ) {
    this.now = now;
    this.environment = new EnvironmentKeys(config.apiKey);
    this.reader = config.keysFile === '' ? undefined : new KeysReader();
  }

  /** Reads all keys and begins to watch the file. @throws ConfigError if the file is missing or has a fault. */
  static async open(
    config: Pick<Config, 'apiKey' | 'keysFile'>,
    options: KeyRingOptions = {},
  ): Promise<KeyRing> {
    const ring = new KeyRing(config, options);
    if (ring.reader !== undefined) await ring.openFile(ring.reader, options);
    return ring;
  }

  /** Whether neither variable is set. A file without keys does not count: emptying it must not let everybody in. */
  get isEmpty(): boolean {
    return this.config.apiKey.length === 0 && this.config.keysFile === '';
  }

  /**
   * Changes when an earlier answer may no longer hold: after a reload, and when the clock passes the time that a key
   * expires, in either direction.
   */
  get generation(): number {
    const now = this.now();
    if (now < this.span[0] || now >= this.span[1]) this.renew(now);
    return this.changes;
  }

  /**
   * The client with the key `presented`, or why it is refused. Takes the same time for every wrong secret. Text without the form and the checksum of a key costs no hash, unless NEXUS_API_KEY has a key
   * of its length.
   */
  find(presented: string): Verified {
    const { generation } = this;
    if (generation !== this.rememberedIn) this.remembered.clear();
    this.rememberedIn = generation;
    const known = this.remembered.get(presented);
    if (known !== undefined) return known;
    const verified = this.check(presented);
    if (verified.caller !== undefined) this.remembered.set(presented, verified);
    return verified;
  }

  /** The client of a verified TLS client certificate with this `subject`, or why it is refused. */
  ofSubject(subject: string): Verified {
    return this.table.withSubject(subject)?.standing(this.now()) ?? UNKNOWN_SUBJECT;
  }

  /** Limits of all keys of `tenant` together. */
  quotasOf(tenant: string): Quotas {
    return this.table.quotasOf(tenant);
  }

  /** Stops watching the file. */
  async onApplicationShutdown(): Promise<void> {
    this.watch?.stop();
    this.shared?.stop();
    await this.reader?.onApplicationShutdown();
  }

  /** Takes the same time for every wrong secret of a key. */
  private check(presented: string): Verified {
    const id = idOf(presented);
    const stored = id === undefined ? undefined : this.table.withId(id);
    const answer = stored?.answer(keyDigest(presented), this.now());
    if (answer?.caller !== undefined) return answer;
    // A key in the form of the file may be one of the environment.
    const refused =
      answer ?? (id === undefined ? NOT_A_KEY : { refusal: new Refusal('the key is unknown', id) });
    return this.environment.find(presented) ?? refused;
  }

  private async openFile(reader: KeysReader, { pollMs = POLL_MS, sharing }: KeyRingOptions): Promise<void> {
    const { keysFile } = this.config;
    const stamp = await stampOf(keysFile);
    const reading = await reader.read(keysFile);
    if ('faults' in reading) {
      await reader.onApplicationShutdown();
      throw new ConfigError(reading.faults.map((fault) => `${variableOf('keysFile')}=${keysFile}: ${fault}`));
    }
    await this.use(reading.pieces, keysFile);
    if (sharing !== undefined && sharing.replicas.isConfigured) {
      this.shared = new SharedKeys(keysFile, reader, sharing, (pieces, from) => this.use(pieces, from));
      await this.shared.join(reading);
    }
    this.watch = new FileWatch(keysFile, stamp, () => this.reload(reader), pollMs);
  }

  private async reload(reader: KeysReader): Promise<void> {
    const faults = await (this.shared?.fileChanged() ?? this.load(reader)).catch((error: unknown) => [
      String(error),
    ]);
    if (faults.length > 0)
      this.logger.warn(
        `${this.config.keysFile}: ${faults.join('; ')}; the keys of its last correct content stay in use`,
      );
  }

  /** Reads the file and takes its keys. Returns its faults; if there are any, the keys stay as they are. */
  private async load(reader: KeysReader): Promise<readonly string[]> {
    const reading = await reader.read(this.config.keysFile);
    if ('faults' in reading) return reading.faults;
    await this.use(reading.pieces, this.config.keysFile);
    return [];
  }

  /** @param from for the log. */
  private async use(pieces: KeysPieces, from: string): Promise<void> {
    this.table = await KeyTable.of(pieces);
    this.renew(this.now());
    const { keys, tenants } = this.table;
    this.logger.log(`${from}: loaded ${keys} keys and the limits of ${tenants} tenants`);
  }

  /** Begins a generation. */
  private renew(now: number): void {
    this.span = this.table.spanAround(now);
    this.changes += 1;
  }
}
