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
    const item = this.document.createNode(key) as YAMLMap;
    for (const { value } of item.items) if (isCollection(value)) value.flow = true;
    this.list().add(item);
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

  private list(): YAMLSeq {
    const keys = this.document.get('keys');
    if (isSeq(keys) && keys.items.length > 0) return keys;
    this.document.set('keys', this.document.createNode([]));
    return this.document.get('keys') as YAMLSeq;
  }

  private itemOf(id: string): YAMLMap | undefined {
    const keys = this.document.get('keys');
    const items = isSeq(keys) ? keys.items : [];
    return items.filter((item) => isMap(item)).find((item) => item.get('id') === id);
  }
}
