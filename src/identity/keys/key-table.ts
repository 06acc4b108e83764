import { setImmediate as nextTurn } from 'node:timers/promises';
import { quotasOf, UNLIMITED, type Quotas } from '../../limits/quota';
import type { WrittenKey, WrittenTenant } from './keys-schema';
import type { KeysPieces } from './file/keys.worker';
import { StoredKey } from './stored-key';

/** The keys and tenants of one reading of the keys file. */
export class KeyTable {
  private readonly byId = new Map<string, StoredKey>();
  private readonly bySubject = new Map<string, StoredKey>();
  private readonly quotas = new Map<string, Quotas>();

  private constructor(private readonly changes: Float64Array) {}

  /** Without keys. */
  static empty(): KeyTable {
    return new KeyTable(new Float64Array());
  }

  /** Takes one of `pieces` in each turn of the event loop. */
  static async of({ keys, tenants, changes }: KeysPieces): Promise<KeyTable> {
    const table = new KeyTable(changes);
    for (const piece of keys) {
      for (const written of listIn(piece) as WrittenKey[]) table.add(new StoredKey(written));
      await nextTurn();
    }
    for (const piece of tenants) {
      for (const { id, limits } of listIn(piece) as WrittenTenant[]) table.quotas.set(id, quotasOf(limits));
      await nextTurn();
    }
    return table;
  }

  get keys(): number {
    return this.byId.size;
  }

  get tenants(): number {
    return this.quotas.size;
  }

  withId(id: string): StoredKey | undefined {
    return this.byId.get(id);
  }

  withSubject(subject: string): StoredKey | undefined {
    return this.bySubject.get(subject);
  }

  /** Limits of all keys of `tenant` together. */
  quotasOf(tenant: string): Quotas {
    return this.quotas.get(tenant) ?? UNLIMITED;
  }

  /** The span around `now` in which no key expires, from its start to before its end, in milliseconds since 1970. */
  spanAround(now: number): readonly [start: number, end: number] {
    let [low, high] = [0, this.changes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.changes[middle]! <= now) low = middle + 1;
      else high = middle;
    }
    return [this.changes[low - 1] ?? -Infinity, this.changes[low] ?? Infinity];
  }

  private add(key: StoredKey): void {
    this.byId.set(key.id, key);
    if (key.subject !== undefined) this.bySubject.set(key.subject, key);
  }
}

function listIn(piece: Uint8Array<ArrayBuffer>): unknown {
  return JSON.parse(Buffer.from(piece.buffer).toString());
}
