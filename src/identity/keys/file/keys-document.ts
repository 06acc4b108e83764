import { isCollection, isMap, isSeq, parseDocument, type Document, type YAMLMap, type YAMLSeq } from 'yaml';
import type { WrittenKey } from '../keys-schema';

/** A change that cannot be made to a keys file. The message has the reason for the operator. */
export class KeysEditError extends Error {
  override readonly name = 'KeysEditError';
}

/** The text of a keys file, edited so that its comments and the order of its keys stay. */
export class KeysDocument {
  private readonly document: Document;

  /** @param text YAML that parseKeys accepts, or empty text for a new file. */
  constructor(text: string) {
    this.document = parseDocument(text.trim() === '' ? 'keys: []\n' : text);
  }

  /** Adds a key. @throws KeysEditError if its id exists. */
  add(key: WrittenKey): void {
    if (this.itemOf(key.id) !== undefined)
      throw new KeysEditError(
        `key ${key.id}: expected an id that the file does not have; choose another, or rotate it`,
      );
    this.list('keys').add(this.itemFor(key));
  }

  /** Adds an entry to the list `name`, in the place of the one with its id if there is one. */
  put(name: 'keys' | 'tenants', entry: { readonly id: string }): void {
    const list = this.list(name);
    const index = list.items.findIndex((item) => isMap(item) && item.get('id') === entry.id);
    if (index < 0) list.add(this.itemFor(entry));
    else list.items[index] = this.itemFor(entry);
  }

  /** Removes the entry `id` of the list `name`, if there is one. */
  remove(name: 'keys' | 'tenants', id: string): void {
    const list = this.list(name);
    list.items = list.items.filter((item) => !isMap(item) || item.get('id') !== id);
  }

  /** Sets properties of the key `id`; a property that is undefined is removed. @throws KeysEditError if there is no such key. */
  set(id: string, properties: { readonly [Name in keyof WrittenKey]?: WrittenKey[Name] | undefined }): void {
    const item = this.itemOf(id);
    if (item === undefined) throw new KeysEditError(`key ${id}: the file has no key with this id`);
    for (const [name, value] of Object.entries(properties)) {
      if (value === undefined) item.delete(name);
      else item.set(name, this.document.createNode(value));
    }
  }

  toString(): string {
    return this.document.toString({
      lineWidth: 0,
      defaultStringType: 'QUOTE_DOUBLE',
      defaultKeyType: 'PLAIN',
    });
  }

  private itemFor(entry: object): YAMLMap {
    const item = this.document.createNode(entry) as YAMLMap;
    for (const { value } of item.items) if (isCollection(value)) value.flow = true;
    return item;
  }

  private list(name: 'keys' | 'tenants'): YAMLSeq {
    const list = this.document.get(name);
    if (isSeq(list) && list.items.length > 0) return list;
    this.document.set(name, this.document.createNode([]));
    return this.document.get(name) as YAMLSeq;
  }

  private itemOf(id: string): YAMLMap | undefined {
    const keys = this.document.get('keys');
    const items = isSeq(keys) ? keys.items : [];
    return items.filter((item) => isMap(item)).find((item) => item.get('id') === id);
  }
}
