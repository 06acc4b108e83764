import { lstat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { MAX_TOKENIZER_BYTES } from '../../tasks/text/tokenizer-messages';
import { findInnerFile, readInnerText, UnreadableFile } from '../inner-file';
import { ModelSettingsError } from '../model-settings';
import { isObject, JsonFields } from './json-fields';

/** Maximum size of a JSON file in bytes. The largest hold tens of thousands of labels or added tokens. */
const JSON_BYTES = 4 * 2 ** 20;

/** Name of the file that describes the network. */
export const NETWORK_FILE = 'config.json';
/** Default name of the tokenizer file. */
export const TOKENIZER_FILE = 'tokenizer.json';
/** Name of the file that describes the preparation of pictures. */
export const PREPROCESSOR_FILE = 'preprocessor_config.json';

/** A folder in the layout of the Hugging Face hub. Its files are read only if they are inside the repository. */
export class HubFolder {
  constructor(
    readonly path: string,
    private readonly repository: string,
  ) {}

  /** The path of the file `name` in messages, from the folder of the repository on. */
  shown(name: string): string {
    return relative(join(this.repository, '..'), join(this.path, name));
  }

  /** Whether there is a file or link `name`, even one that cannot be read. */
  has(name: string): Promise<boolean> {
    return lstat(join(this.path, name)).then(
      (found) => !found.isDirectory(),
      () => false,
    );
  }

  /**
   * The real path of the tokenizer file `name`; undefined if it does not exist.
   * @throws ModelSettingsError if it cannot be read or is too large.
   */
  tokenizer(name: string): Promise<string | undefined> {
    return this.optional(name, findInnerFile(this.path, name, this.repository, MAX_TOKENIZER_BYTES));
  }

  /** The JSON object in the file `name`; undefined if it does not exist. @throws ModelSettingsError */
  async object(name: string): Promise<JsonFields | undefined> {
    const value = await this.json(name, JSON_BYTES);
    if (value === undefined) return undefined;
    if (!isObject(value)) throw this.fault(name, 'expected a JSON object; replace the file');
    return new JsonFields(this.shown(name), value);
  }

  /** The JSON list in the file `name`; undefined if it does not exist. @throws ModelSettingsError */
  async list(name: string): Promise<readonly unknown[] | undefined> {
    const value = await this.json(name, JSON_BYTES);
    if (value !== undefined && !Array.isArray(value))
      throw this.fault(name, 'expected a JSON list; replace the file');
    return value;
  }

  /** The JSON object in the file `name`; undefined if it does not exist, or is larger than other JSON files may be. */
  async smallObject(name: string): Promise<JsonFields | undefined> {
    const fits = await findInnerFile(this.path, name, this.repository, JSON_BYTES).catch(() => undefined);
    return fits === undefined ? undefined : this.object(name);
  }

  /** The error that the file `name` has a `reason`. */
  fault(name: string, reason: string): ModelSettingsError {
    return new ModelSettingsError(`${this.shown(name)}: ${reason}`);
  }

  private async json(name: string, limit: number): Promise<unknown> {
    const text = await this.optional(name, readInnerText(this.path, name, this.repository, limit));
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      const reason = (error as Error).message.replaceAll(/\s+/g, ' ');
      throw this.fault(name, `expected JSON, got an error: ${reason}; replace the file`);
    }
  }

  /** The result of `read`; undefined if the file does not exist. */
  private async optional<T>(name: string, read: Promise<T>): Promise<T | undefined> {
    try {
      return await read;
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw new ModelSettingsError(`${this.shown(name)} cannot be read: ${error.message}`);
    }
  }
}
