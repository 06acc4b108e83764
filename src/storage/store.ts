/** How a store describes the content of an object. `git` is the SHA-1 that git names a file with. */
export type DigestAlgorithm = 'sha256' | 'sha1' | 'md5' | 'crc32' | 'crc32c' | 'crc64nvme' | 'git';

/** A digest of the whole content of an object, in lower-case hexadecimal digits. */
export interface Digest {
  readonly algorithm: DigestAlgorithm;
  readonly value: string;
}

/** An object of a store: the file of a model. */
export interface StoredObject {
  /** Path relative to the repository, as the store has it. It is not trusted. */
  readonly path: string;
  /** What the store reads it by. */
  readonly key: string;
  /** Size in bytes. */
  readonly size: number;
  /** Text that changes with the content, such as an ETag. */
  readonly tag: string;
  /** Of the content, if the listing has it. */
  readonly digest?: Digest;
}

/** All objects of a repository at one time. */
export interface Listing {
  readonly objects: readonly StoredObject[];
  /** Text that changes with the listing. Empty if the store has none. */
  readonly tag: string;
}

/** The content of an object from some byte on. */
export interface Content {
  /** The first byte, from 0: a store without ranges begins at 0, whatever was asked for. */
  readonly from: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** Of the whole content, if the response has it. */
  readonly digest?: Digest;
}

/** A repository in object storage, or on an HTTP server. */
export interface ObjectStore {
  /**
   * Lists all objects.
   * @param known tag of the last listing, or empty text.
   * @returns undefined if nothing has changed since then.
   * @throws StoreFault
   */
  list(known: string, signal: AbortSignal): Promise<Listing | undefined>;
  /**
   * Reads `object` from byte `from` on, only if it is still the one that was listed.
   * @throws StoreFault
   */
  read(object: StoredObject, from: number, signal: AbortSignal): Promise<Content>;
}

/**
 * Why a store cannot be used. `refused`: the settings, credentials or permissions have to be changed. `unreachable`: it may work
 * later. `changed`: an object is no longer the one that was listed. `invalid`: the content cannot be served.
 */
export type FaultKind = 'refused' | 'unreachable' | 'changed' | 'invalid';

/** A failure of a store. The message is for operators, and contains no credentials. */
export class StoreFault extends Error {
  constructor(
    readonly kind: FaultKind,
    message: string,
  ) {
    super(message);
  }
}

/** Maximum number of objects of a repository. */
export const MAX_OBJECTS = 100_000;

/** @throws StoreFault if the repository at `url` has more than {@link MAX_OBJECTS} objects. */
export function requireFewObjects(count: number, url: string): void {
  if (count > MAX_OBJECTS)
    throw new StoreFault(
      'invalid',
      `${url}: expected at most ${MAX_OBJECTS} objects; choose a narrower prefix`,
    );
}
