import { Logger } from '@nestjs/common';
import { stepFor, versionAfter, type Copy } from '../../../src/replicas/copy';
import type { Adopt, Replicas } from '../../../src/replicas/replicas';
import type { KeysReader } from '../../../src/identity/keys/file/keys-reader';
import type { KeysReading, KeysToMerge, KeysToWrite } from '../../../src/identity/keys/file/keys.worker';
import { SharedKeys } from '../../../src/identity/keys/file/shared-keys';

/** Texts stand for contents: their digests are the texts, and a merge has the words of all, unless one has removed them. */
const lines: string[] = [];
beforeAll(() => {
  const record = (line: unknown) => void lines.push(typeof line === 'string' ? line : JSON.stringify(line));
  Logger.overrideLogger({ log: record, warn: record, error: record });
});
beforeEach(() => {
  lines.length = 0;
});

type Read = Exclude<KeysReading, { readonly faults: unknown }>;

const readingOf = (text: string) =>
  ({ digest: text, packed: new Uint8Array(Buffer.from(text)), pieces: text }) as unknown as Read;
const textIn = (packed: Uint8Array) => Buffer.from(packed).toString();

/** What all replicas have in Redis. */
class FakeRedis {
  document: Copy | undefined;
  isUp = true;
}

/** A replica with a file. */
class Replica {
  inUse: string;
  isWritable = true;
  private own: Copy | undefined;
  private adopt: Adopt = () => {};
  private readonly keys: SharedKeys;

  private constructor(
    private readonly redis: FakeRedis,
    public file: string,
    settings: { readonly isWritable?: boolean; readonly maxBytes?: number },
  ) {
    this.isWritable = settings.isWritable ?? true;
    this.inUse = file;
    const replicas: Pick<Replicas, 'isConfigured' | 'join' | 'publish' | 'sync' | 'copyOf'> = {
      isConfigured: true,
      join: async (_kind, _own, adopt) => {
        this.adopt = adopt;
        await replicas.sync();
      },
      copyOf: () => this.own,
      sync: async () => this.sync(),
      publish: async (_kind, _id, content, digest, time) => {
        if (content.length > (settings.maxBytes ?? Infinity)) return 'too large';
        if (!redis.isUp) return 'unavailable';
        if (stepFor(this.own, redis.document) === 'adopt') return 'conflict';
        const copy = { version: versionAfter(this.own?.version ?? 0, time ?? Date.now()), digest, content };
        return (redis.document = this.own = copy);
      },
    };
    const reader: Pick<KeysReader, 'read' | 'unpack' | 'merge' | 'write'> = {
      read: async () => readingOf(this.file),
      unpack: async (packed) => readingOf(textIn(packed)),
      merge: async ({ base, mine, theirs }: KeysToMerge) => {
        const [from, to, other] = [base, mine, theirs].map((packed) => textIn(packed).split(' '));
        if (to!.includes('faulty')) return { faults: ['a fault'] };
        const kept = other!.filter((word) => !from!.includes(word) || to!.includes(word));
        return readingOf([...kept, ...to!.filter((word) => !from!.includes(word))].join(' '));
      },
      write: async ({ packed, over }: KeysToWrite) => {
        if (!this.isWritable) return { failure: 'EROFS' };
        if (!over.includes(this.file)) return 'changed';
        this.file = textIn(packed);
        return 'written';
      },
    };
    this.keys = new SharedKeys(
      'keys.yaml',
      reader as KeysReader,
      { replicas, isLeader: true },
      async (pieces) => {
        this.inUse = pieces as unknown as string;
      },
    );
  }

  static async start(
    redis: FakeRedis,
    file: string,
    settings: { readonly isWritable?: boolean; readonly maxBytes?: number } = {},
  ): Promise<Replica> {
    const replica = new Replica(redis, file, settings);
    await replica.keys.join(readingOf(file));
    return replica;
  }

  /** The file changes, and the replica sees it. */
  async edit(file: string): Promise<void> {
    this.file = file;
    await this.keys.fileChanged();
  }

  /** What a poll does. */
  async poll(): Promise<void> {
    this.sync();
    // What has been queued is done.
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  }

  stop(): void {
    this.keys.stop();
  }

  private sync(): boolean {
    if (!this.redis.isUp) return false;
    const step = stepFor(this.own, this.redis.document);
    if (step === 'restore') this.redis.document = this.own;
    if (step === 'adopt') {
      const before = this.own;
      this.own = this.redis.document!;
      this.adopt('file', this.own, before);
    }
    return true;
  }
}

let started: Replica[] = [];
const start = async (...args: Parameters<typeof Replica.start>) => {
  const replica = await Replica.start(...args);
  started.push(replica);
  return replica;
};
afterEach(() => {
  for (const replica of started) replica.stop();
  started = [];
});
/** Several polls of all replicas. */
const settle = async () => {
  for (let round = 0; round < 4; round++) for (const replica of started) await replica.poll();
};
const inUse = () => started.map((replica) => replica.inUse);

it('an edit is used by all, and written to their files', async () => {
  const redis = new FakeRedis();
  const one = await start(redis, 'a b');
  const other = await start(redis, 'a b');
  await one.edit('a');
  await settle();
  expect([...inUse(), other.file]).toEqual(['a', 'a', 'a']);
});

it('an edit that goes back to an earlier content is an edit', async () => {
  const redis = new FakeRedis();
  const one = await start(redis, 'a');
  await start(redis, 'a');
  await one.edit('a b');
  await one.edit('a');
  await settle();
  expect(inUse()).toEqual(['a', 'a']);
});

it('edits at the same time are combined', async () => {
  const redis = new FakeRedis();
  const one = await start(redis, 'a b');
  const other = await start(redis, 'a b');
  await one.edit('a');
  await other.edit('a b c');
  await settle();
  expect([...inUse(), one.file, other.file]).toEqual(Array<string>(4).fill('a c'));
});

it('an edit that cannot be combined with another one is refused, and stays in the file to be corrected', async () => {
  const redis = new FakeRedis();
  const one = await start(redis, 'a revoked');
  const other = await start(redis, 'a revoked');
  await one.edit('a');
  await other.edit('a revoked faulty');
  await settle();
  expect([...inUse(), other.file]).toEqual(['a', 'a', 'a revoked faulty']);
  expect(lines).toContainEqual(
    expect.stringContaining('cannot be combined with a change of another replica'),
  );
  await other.edit('a revoked corrected');
  await settle();
  expect([...inUse(), other.file]).toEqual(Array<string>(3).fill('a corrected'));
});

it('a file that cannot be written and is late changes nothing', async () => {
  const redis = new FakeRedis();
  const one = await start(redis, 'a revoked', { isWritable: false });
  const late = await start(redis, 'a revoked', { isWritable: false });
  await one.edit('a revoked new');
  await one.edit('a new');
  await settle();
  await late.edit('a revoked new');
  await settle();
  expect(inUse()).toEqual(['a new', 'a new']);
  expect(lines).toContainEqual(expect.stringContaining('this content was replaced by another replica'));
  await late.edit('a new');
  await late.edit('a newer');
  await settle();
  expect(inUse()).toEqual(['a newer', 'a newer']);
});

it('the content of a file that cannot be written replaces all keys, also those that came in between', async () => {
  const redis = new FakeRedis();
  const one = await start(redis, 'a', { isWritable: false });
  const late = await start(redis, 'a', { isWritable: false });
  await one.edit('a temporary');
  await settle();
  await late.edit('a final');
  await settle();
  expect(inUse()).toEqual(['a final', 'a final']);
});

it('a start with a replaced file uses the keys of the others, and one with a new file replaces them', async () => {
  const redis = new FakeRedis();
  const one = await start(redis, 'a revoked');
  await one.edit('a');
  await start(redis, 'a revoked');
  expect(inUse()).toEqual(['a', 'a']);
  await start(redis, 'rolled-out', { isWritable: false });
  await settle();
  expect(inUse()).toEqual(Array<string>(3).fill('rolled-out'));
});

describe('while Redis is gone', () => {
  it('an edit is used at once, and by the others later', async () => {
    const redis = new FakeRedis();
    const one = await start(redis, 'a revoked');
    const other = await start(redis, 'a revoked');
    redis.isUp = false;
    await one.edit('a');
    await other.edit('a revoked b');
    expect(inUse()).toEqual(['a', 'a revoked b']);
    [redis.isUp, redis.document] = [true, undefined];
    await one.edit('a d');
    await settle();
    expect(inUse()).toEqual(['a d b', 'a d b']);
  });

  it.each([
    ['replaced file uses the keys of the others', 'a revoked', 'a'],
    ['new file replaces the keys of the others', 'new', 'new'],
  ])('a start with a %s, also if Redis has lost its data', async (_which, file, expected) => {
    const redis = new FakeRedis();
    const one = await start(redis, 'a revoked');
    await one.edit('a');
    redis.document = undefined;
    // It finds nothing in Redis, and publishes its file.
    await start(redis, file);
    await settle();
    expect(inUse()).toEqual([expected, expected]);
  });
});

it('a file that is too large is used by its own replica', async () => {
  const redis = new FakeRedis();
  const one = await start(redis, 'a', { maxBytes: 50 });
  await start(redis, 'a');
  await one.edit('a'.repeat(100));
  await settle();
  expect(inUse()).toEqual(['a'.repeat(100), 'a']);
  expect(lines).toContainEqual(expect.stringContaining('too large to share'));
});
