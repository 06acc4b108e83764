import { isDeepStrictEqual } from 'node:util';
import type { WrittenKey, WrittenTenant } from '../keys-schema';
import { KeysDocument } from './keys-document';
import { parseKeys } from './keys-file';

/**
 * The text `theirs` with the changes that lead from `base` to `mine`, all of them texts of keys files. Where both have changed
 * a property of an entry, or added the entry, `mine` counts, but a key that either has removed or disabled stays so.
 * @throws KeysFileError if the result has a fault, such as two keys with the same subject.
 */
export function mergeKeys(base: string, mine: string, theirs: string): string {
  const [before, edited, shared] = [parseKeys(base), parseKeys(mine), parseKeys(theirs)];
  const document = new KeysDocument(theirs);
  mergeList(document, 'keys', before.keys, edited.keys, shared.keys);
  mergeList(document, 'tenants', before.tenants, edited.tenants, shared.tenants);
  const merged = document.toString();
  parseKeys(merged);
  return merged;
}

function mergeList<Entry extends WrittenKey | WrittenTenant>(
  document: KeysDocument,
  name: 'keys' | 'tenants',
  ...[from, to, current]: readonly [base: readonly Entry[], mine: readonly Entry[], theirs: readonly Entry[]]
): void {
  const [base, mine, theirs] = [byId(from), byId(to), byId(current)];
  for (const id of base.keys()) if (!mine.has(id)) document.remove(name, id);
  for (const [id, entry] of mine) {
    const before = base.get(id);
    const wasRemoved = before !== undefined && !theirs.has(id);
    if (wasRemoved || isDeepStrictEqual(entry, before)) continue;
    const shared = theirs.get(id);
    const merged = before === undefined || shared === undefined ? entry : mergeEntry(before, entry, shared);
    const isDisabled = shared !== undefined && 'disabled' in shared && shared.disabled;
    document.put(name, isDisabled ? { ...merged, disabled: true } : merged);
  }
}

/** `theirs` with the properties that lead from `base` to `mine`: a secret that theirs has replaced stays replaced. */
function mergeEntry<Entry extends object>(base: Entry, mine: Entry, theirs: Entry): Entry {
  const merged = { ...theirs };
  for (const name of Object.keys({ ...base, ...mine }) as (keyof Entry)[]) {
    if (isDeepStrictEqual(mine[name], base[name])) continue;
    if (name in mine) merged[name] = mine[name];
    else delete merged[name];
  }
  return merged;
}

function byId<Entry extends { readonly id: string }>(list: readonly Entry[]): ReadonlyMap<string, Entry> {
  return new Map(list.map((entry) => [entry.id, entry]));
}
