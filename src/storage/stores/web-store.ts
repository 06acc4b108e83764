import { Semaphore } from '../../common/semaphore';
import {
  requireFewObjects,
  StoreFault,
  type Content,
  type Listing,
  type ObjectStore,
  type StoredObject,
} from '../store';
import { contentOf, send, sendForText, type FileResponse } from './http';

/** Number of files whose size is asked for at once. */
const PARALLEL = 8;

/** A line of the program sha256sum: the digest, a space, the mode, and the path. */
const SUM = /^([0-9a-f]{64}) [ *](.+)$/i;

/** Files on an HTTP server: one ONNX file, or those that a file SHA256SUMS lists, by paths relative to it. */
export class WebStore implements ObjectStore {
  constructor(private readonly url: string) {}

  async list(known: string, signal: AbortSignal): Promise<Listing | undefined> {
    if (/\.onnx$/i.test(this.url)) return { objects: [await this.single(signal)], tag: '' };
    const response = await sendForText(this.url, this.url, {
      headers: known === '' ? {} : { 'if-none-match': known },
      signal,
    });
    if (response.status === 304) return undefined;
    const sums = response.text.split('\n').filter((line) => line.trim() !== '');
    requireFewObjects(sums.length, this.url);
    const parallel = new Semaphore(PARALLEL);
    const objects = sums.map((line) => parallel.run(() => this.listed(line.trimEnd(), signal)));
    return { objects: await Promise.all(objects), tag: response.headers.etag ?? '' };
  }

  async read(object: StoredObject, from: number, signal: AbortSignal): Promise<Content> {
    const shown = `${this.url}: ${object.path}`;
    const isStrong = object.tag.startsWith('"');
    const response = await send(object.key, shown, {
      headers: {
        'accept-encoding': 'identity',
        ...(isStrong ? { 'if-match': object.tag } : {}),
        ...(from > 0 ? { range: `bytes=${from}-` } : {}),
        ...(from > 0 && isStrong ? { 'if-range': object.tag } : {}),
      },
      signal,
    });
    const etag = response.headers.etag;
    if (isStrong && etag !== undefined && etag !== object.tag)
      throw new StoreFault('changed', `${shown} was replaced while it was being read`);
    return contentOf(response, from, shown);
  }

  private async single(signal: AbortSignal): Promise<StoredObject> {
    const response = await this.head(this.url, this.url, signal);
    const { etag, 'last-modified': modified = '' } = response.headers;
    const path = new URL(this.url).pathname.split('/').at(-1)!;
    const size = sizeOf(response, this.url);
    return { path, key: this.url, size, tag: etag ?? `${modified} ${size}` };
  }

  /** The object of a line of SHA256SUMS. */
  private async listed(line: string, signal: AbortSignal): Promise<StoredObject> {
    const [, sum, written = ''] = SUM.exec(line) ?? [];
    if (sum === undefined)
      throw new StoreFault(
        'invalid',
        `${this.url}: expected lines of sha256sum, '<digest>  <path>', got '${line.slice(0, 80)}'`,
      );
    const path = written.replace(/^\.\//, '');
    // With ./ in front, no path leads to another server.
    const key = new URL(`./${path.split('/').map(encodeURIComponent).join('/')}`, this.url).href;
    const value = sum.toLowerCase();
    const shown = `${this.url}: ${path}`;
    const size = sizeOf(await this.head(key, shown, signal), shown);
    return { path, key, size, tag: value, digest: { algorithm: 'sha256', value } };
  }

  private async head(url: string, shown: string, signal: AbortSignal): Promise<FileResponse> {
    const headers = { 'accept-encoding': 'identity' };
    const response = await send(url, shown, { method: 'HEAD', headers, signal });
    await response.body.dump();
    return response;
  }
}

/** @throws StoreFault if the response has no length. */
function sizeOf({ headers }: FileResponse, shown: string): number {
  const { 'content-length': length } = headers;
  if (length !== undefined && /^\d+$/.test(length)) return Number(length);
  throw new StoreFault('refused', `${shown}: expected a server that answers HEAD with Content-Length`);
}
