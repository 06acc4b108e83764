import { updateFile } from '../../../common/update-file';
import { hashOf, newApiKey } from '../api-key';
import type { WrittenKey } from '../keys-schema';
import { KeysDocument, KeysEditError } from './keys-document';
import { parseKeys } from './keys-file';

/** Properties of a new key. */
export type NewKey = Omit<WrittenKey, 'hash' | 'subject' | 'previous' | 'disabled'>;

/**
 * Adds a key to the keys file, which is created if it is missing. Returns the text of the key, which is stored nowhere.
 * @throws KeysEditError if the id exists. @throws KeysFileError if the file has a fault, or a property of the key does.
 */
export async function createKey(file: string, { id, ...properties }: NewKey): Promise<string> {
  const text = newApiKey(id);
  await edit(file, (document) => document.add({ id, hash: hashOf(text), ...properties }));
  return text;
}

/** Disables the key `id`. @throws KeysEditError if there is no such key. @throws KeysFileError */
export async function disableKey(file: string, id: string): Promise<void> {
  await edit(file, (document) => document.set(id, { disabled: true }));
}

/**
 * Replaces the key `id`; the old one is accepted until `until`, if given. Returns the text of the new key.
 * @throws KeysEditError if there is no such key, or it is disabled or a client certificate. @throws KeysFileError
 */
export async function rotateKey(file: string, id: string, until: Date | undefined): Promise<string> {
  const text = newApiKey(id);
  await edit(file, (document, keys) => {
    const { hash, subject, disabled } = keys.find((key) => key.id === id) ?? {};
    if (disabled === true) throw new KeysEditError(`key ${id}: expected a key that is not disabled`);
    if (subject !== undefined) throw new KeysEditError(`key ${id}: expected a key, but it is a certificate`);
    const previous =
      hash === undefined || until === undefined ? undefined : { hash, until: until.toISOString() };
    document.set(id, { hash: hashOf(text), previous });
  });
  return text;
}

/** Edits the keys file. Writes nothing that the gateway would reject. */
async function edit(
  file: string,
  change: (document: KeysDocument, keys: readonly WrittenKey[]) => void,
): Promise<void> {
  await updateFile(file, (text) => {
    const { keys } = text.trim() === '' ? { keys: [] } : parseKeys(text);
    const document = new KeysDocument(text);
    change(document, keys);
    const edited = document.toString();
    parseKeys(edited);
    return edited;
  });
}
