import { randomUUID } from 'node:crypto';
import type { RedisConnection } from '../redis/redis-connection';
import { Script } from '../redis/script';
import { NO_EDITION, type Copy, type Edition } from './copy';

/**
 * The hash that has all documents, so that a Redis that evicts keys evicts none or all of them. The number is the version of
 * the format. Its fields are `revision`, which has another value after each change, and for each document `e:<name>` with
 * its version and digest, and `c:<name>` with its content.
 */
const KEY = 'nexus:replicas:1';

/** Maximum size of a document in bytes. */
export const MAX_DOCUMENT_BYTES = 64 * 2 ** 20;

/** The largest version that Lua, Redis and JavaScript all count exactly has fewer digits. */
const MAX_DIGITS = 15;

/**
 * Lua: the edition of a document, its version and its size. Nothing if it has none, or one that no replica writes: such a
 * document is replaced like one that is missing, so that it cannot keep the others from being shared.
 */
const EDITION = `
local function edition(name)
  local text = redis.call('HGET', KEYS[1], 'e:' .. name)
  local digits = text and string.match(text, '^(%d+) %S*$')
  if not digits or #digits > ${MAX_DIGITS} then return nil end
  local bytes = redis.call('HSTRLEN', KEYS[1], 'c:' .. name)
  if bytes == 0 or bytes > ${MAX_DOCUMENT_BYTES} then return nil end
  return text, tonumber(digits), bytes
end`;

/**
 * Replaces a document if its version is lower than ARGV[4], or its edition is ARGV[5]. ARGV: name, edition, content, version
 * of the base, edition of the base, revision.
 */
const PUT = new Script(`${EDITION}
local current, version = edition(ARGV[1])
if current and current ~= ARGV[5] and version >= tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], 'e:' .. ARGV[1], ARGV[2], 'c:' .. ARGV[1], ARGV[3], 'revision', ARGV[6])
return 1`);

/** Returns the revision, then the size, name and edition of each document. */
const LIST = new Script(`${EDITION}
local list = { redis.call('HGET', KEYS[1], 'revision') }
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local name = string.match(field, '^e:(.+)$')
  if name then
    local text, _, bytes = edition(name)
    if text then
      list[#list + 1] = bytes
      list[#list + 1] = name
      list[#list + 1] = text
    end
  end
end
return list`);

/** All documents in Redis. */
export interface DocumentList {
  readonly revision: string;
  /** By name, small documents first: one that takes too long to read delays no other. */
  readonly editions: ReadonlyMap<string, Edition>;
}

/** The documents that replicas share, in Redis. Nothing rejects; undefined means that Redis is not available. */
export class DocumentStore {
  constructor(private readonly redis: Pick<RedisConnection, 'execute' | 'evaluate'>) {}

  /** Changes with each change of any document; empty if there is none. */
  async revision(): Promise<string | undefined> {
    const revision = await this.redis.execute(async (client) => ({ is: await client.hGet(KEY, 'revision') }));
    return revision && String(revision.is ?? '');
  }

  async list(): Promise<DocumentList | undefined> {
    const reply = await this.redis.evaluate(LIST, [KEY], []);
    if (!Array.isArray(reply)) return undefined;
    const [revision, ...rest] = reply.map((part) => String(part ?? ''));
    const found: [name: string, edition: Edition, bytes: number][] = [];
    for (let index = 0; index < rest.length; index += 3)
      found.push([rest[index + 1]!, editionIn(rest[index + 2]!), Number(rest[index])]);
    const sorted = found.toSorted(([, , one], [, , other]) => one - other);
    return { revision: revision ?? '', editions: new Map(sorted.map(([name, edition]) => [name, edition])) };
  }

  /** The document `name`; null if there is none. */
  async read(name: string): Promise<Copy | null | undefined> {
    const reply = await this.redis.execute((client) => client.hmGet(KEY, [`e:${name}`, `c:${name}`]));
    if (reply === undefined) return undefined;
    const [edition, content] = reply;
    if (edition == null || content == null || content.length > MAX_DOCUMENT_BYTES) return null;
    return { ...editionIn(String(edition)), content };
  }

  /**
   * Replaces the document `name`, if Redis has `base`, a lower version, or none that can be used.
   * @returns false if Redis has another one.
   */
  async put(name: string, copy: Copy, base: Edition = NO_EDITION): Promise<boolean | undefined> {
    const args = [name, textOf(copy), copy.content, String(base.version), textOf(base), randomUUID()];
    const reply = await this.redis.evaluate(PUT, [KEY], args);
    return reply === undefined ? undefined : reply === 1;
  }

  /** Puts `copy` back, if Redis has a lower version or none. Returns as {@link put}. */
  restore(name: string, copy: Copy): Promise<boolean | undefined> {
    return this.put(name, copy, { version: copy.version, digest: '' });
  }
}

function textOf({ version, digest }: Edition): string {
  return `${version} ${digest}`;
}

function editionIn(text: string): Edition {
  const [version, digest = ''] = text.split(' ');
  return { version: Number(version), digest };
}
