import { GoogleAuth } from 'google-auth-library';
import { storageEmulator } from '../../config/model-repository';
import {
  requireFewObjects,
  StoreFault,
  type Content,
  type Digest,
  type Listing,
  type ObjectStore,
  type StoredObject,
} from '../store';
import { bucketAndPrefix } from './bucket-url';
import { contentOf, send, sendForText } from './http';

const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_only';
const FIELDS = 'nextPageToken,items(name,size,generation,md5Hash,crc32c)';

/** A page of a listing of the JSON API of Google Cloud Storage. */
interface Page {
  readonly nextPageToken?: string;
  readonly items?: readonly {
    readonly name: string;
    readonly size: string;
    readonly generation: string;
    readonly md5Hash?: string;
    readonly crc32c?: string;
  }[];
}

/** A prefix of a bucket in Google Cloud Storage. Credentials are the Application Default Credentials; none for public buckets. */
export class GsStore implements ObjectStore {
  private readonly auth = new GoogleAuth({ scopes: [SCOPE] });
  private readonly prefix: string;
  private readonly base: string;

  constructor(private readonly url: string) {
    const [bucket, prefix] = bucketAndPrefix(url);
    this.prefix = prefix;
    const endpoint = storageEmulator() || 'https://storage.googleapis.com';
    this.base = `${endpoint}/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  }

  async list(_known: string, signal: AbortSignal): Promise<Listing> {
    const objects: StoredObject[] = [];
    for (let token: string | undefined = ''; token !== undefined;) {
      const query = new URLSearchParams({ prefix: this.prefix, fields: FIELDS, maxResults: '1000' });
      if (token !== '') query.set('pageToken', token);
      const { text } = await sendForText(`${this.base}?${query.toString()}`, this.url, {
        ...(await this.authorization()),
        signal,
      });
      const { items = [], nextPageToken } = JSON.parse(text) as Page;
      for (const { name: key, size, generation, ...digests } of items)
        objects.push({
          path: key.slice(this.prefix.length),
          key,
          size: Number(size),
          tag: generation,
          ...digestOf(digests),
        });
      requireFewObjects(objects.length, this.url);
      token = nextPageToken;
    }
    return { objects, tag: '' };
  }

  async read({ key, tag, path }: StoredObject, from: number, signal: AbortSignal): Promise<Content> {
    const shown = `${this.url}: ${path}`;
    const url = `${this.base}/${encodeURIComponent(key)}?alt=media&ifGenerationMatch=${tag}`;
    const response = await send(url, shown, {
      ...(await this.authorization()),
      // Otherwise the server would decompress objects that were stored compressed.
      headers: { 'accept-encoding': 'gzip', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      signal,
    });
    return contentOf(response, from, shown);
  }

  private async authorization(): Promise<{ authorization?: string }> {
    if (storageEmulator() !== '') return {};
    try {
      const token = await this.auth.getAccessToken();
      return token ? { authorization: `Bearer ${token}` } : {};
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      // A public bucket needs none.
      if (/default credentials/i.test(message)) return {};
      throw new StoreFault(
        'unreachable',
        `${this.url}: cannot get an access token of Google${code === undefined ? '' : `: ${code}`}; see Application Default Credentials`,
      );
    }
  }
}

function digestOf({ md5Hash, crc32c }: { md5Hash?: string; crc32c?: string }): { digest?: Digest } {
  const hex = (text: string) => Buffer.from(text, 'base64').toString('hex');
  if (md5Hash !== undefined) return { digest: { algorithm: 'md5', value: hex(md5Hash) } };
  return crc32c === undefined ? {} : { digest: { algorithm: 'crc32c', value: hex(crc32c) } };
}
