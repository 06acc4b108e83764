import { isDeepStrictEqual } from 'node:util';
import type { WrittenKey, WrittenTenant } from '../keys-schema';
import { KeysDocument } from './keys-document';
import { parseKeys } from './keys-file';

/**
 * The text `theirs` with the changes that lead from `base` to `mine`, all of them texts of keys files. Where both have changed
 * an entry, `mine` counts, but a key that either has removed or disabled stays so.
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
    const isUnchanged = isDeepStrictEqual(entry, base.get(id));
    const wasRemoved = base.has(id) && !theirs.has(id);
    if (isUnchanged || wasRemoved) continue;
    const shared = theirs.get(id);
    const isDisabled = shared !== undefined && 'disabled' in shared && shared.disabled;
    document.put(name, isDisabled ? { ...entry, disabled: true } : entry);
  }
}

function byId<Entry extends { readonly id: string }>(list: readonly Entry[]): ReadonlyMap<string, Entry> {
  return new Map(list.map((entry) => [entry.id, entry]));
}
