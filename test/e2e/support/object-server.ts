import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that an {@link ObjectServer} has received. */
export interface StoreRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly ifMatch: string | undefined;
  readonly authorization: string | undefined;
}

/** The commit that the hub has. */
export const COMMIT = '1234567890abcdef1234567890abcdef12345678';

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
const md5 = (content: Uint8Array) => createHash('md5').update(content).digest();
const etagOf = (content: Uint8Array) => `"${md5(content).toString('hex')}"`;

/**
 * Objects in memory, on loopback, behind the protocols of all stores: S3 (`/<bucket>/<key>`), Google Cloud Storage
 * (`/storage/v1/b/<bucket>/o`), the Hugging Face hub (`/api/models`, `/<name>/resolve`), and plain files (`/files/<key>`), with
 * `/files/SHA256SUMS`. Every bucket and model has the same objects.
 */
export class ObjectServer {
  readonly objects = new Map<string, Uint8Array>();
  readonly requests: StoreRequest[] = [];
  /** Status of every response; undefined for the ordinary one. */
  status: number | undefined;
  /** Content of the key is cut off after this many bytes, as often as it says. */
  readonly cuts = new Map<string, { bytes: number; times: number }>();
  /** Keys whose content never comes, and keys whose content is another one of the same size. */
  readonly held = new Set<string>();
  readonly corrupt = new Set<string>();
  /** Whether lists of S3 say that they have a rest, and not where. */
  losesTokens = false;
  /** Where the list of the hub continues. */
  nextPage: string | undefined;
  /** Server that the hub redirects to for content. */
  contentAt: string | undefined;
  /** Called when a response was cut. */
  onCut: () => void = () => {};
  private server: Server | undefined;
  private port = 0;

  static async start(): Promise<ObjectServer> {
    const server = new ObjectServer();
    await server.open();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The environment of clients of its stores. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test-access-key',
      AWS_SECRET_ACCESS_KEY: 'test-secret-key',
      AWS_MAX_ATTEMPTS: '1',
      HF_ENDPOINT: this.url,
      HF_TOKEN: 'test-hub-token',
      STORAGE_EMULATOR_HOST: this.url,
    };
  }

  put(key: string, content: Uint8Array | string): this {
    this.objects.set(key, typeof content === 'string' ? Buffer.from(content) : content);
    return this;
  }

  /** Listens, again on the same port if it was closed. */
  async open(): Promise<void> {
    this.server = createServer((request, response) => this.answer(request, response));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  /** The requests for the content of `key`. */
  readsOf(key: string): readonly StoreRequest[] {
    return this.requests.filter(({ method, path }) => method === 'GET' && path.endsWith(`/${key}`));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url!, this.url);
    const path = decodeURIComponent(pathname);
    const { range, 'if-match': ifMatch, authorization } = request.headers;
    this.requests.push({ method: request.method!, path, range, ifMatch, authorization });
    if (this.status !== undefined) return void response.writeHead(this.status).end();
    if (path.startsWith('/api/models/')) return this.hub(path, response);
    const resolved = /^\/[^/]+\/[^/]+\/resolve\/[^/]+\/(.+)$/.exec(path)?.[1];
    if (resolved !== undefined && this.contentAt !== undefined)
      return void response.writeHead(302, { location: `${this.contentAt}/files/${resolved}` }).end();
    if (resolved !== undefined) return this.content(resolved, request, response);
    const google = /^\/storage\/v1\/b\/[^/]+\/o(?:\/(.+))?$/.exec(path);
    if (google !== null)
      return google[1] === undefined
        ? this.listGoogle(searchParams.get('prefix') ?? '', response)
        : this.content(google[1], request, response);
    if (path === '/files/SHA256SUMS') return this.sums(request, response);
    if (searchParams.get('list-type') === '2') return this.listS3(searchParams, response);
    this.content(/^\/[^/]+\/(.+)$/.exec(path)?.[1] ?? '', request, response);
  }

  private content(key: string, request: IncomingMessage, response: ServerResponse): void {
    const content = this.objects.get(key);
    if (content === undefined) return void response.writeHead(404).end();
    const etag = etagOf(content);
    const { range = '', 'if-match': ifMatch = etag } = request.headers;
    if (ifMatch !== etag) return void response.writeHead(412).end();
    const from = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
    response.writeHead(range === '' ? 200 : 206, {
      etag,
      'content-length': content.byteLength - from,
      'last-modified': new Date(0).toUTCString(),
      ...(range === ''
        ? {}
        : { 'content-range': `bytes ${from}-${content.byteLength - 1}/${content.byteLength}` }),
    });
    const cut = this.cuts.get(key);
    if (request.method === 'HEAD') return void response.end();
    if (this.held.has(key)) return response.flushHeaders();
    if (this.corrupt.has(key)) return void response.end(Buffer.alloc(content.byteLength - from));
    if (cut === undefined || cut.times === 0) return void response.end(content.subarray(from));
    cut.times--;
    // The client receives what was written before the end of the connection.
    response.write(content.subarray(from, from + cut.bytes), () => {
      request.socket.end();
      this.onCut();
    });
  }

  private listS3(query: URLSearchParams, response: ServerResponse): void {
    const all = this.under(query.get('prefix') ?? '');
    // Small pages, so that there are several.
    const first = Number(query.get('continuation-token') ?? 0);
    const page = all.slice(first, first + 3);
    const more = first + 3 < all.length;
    const contents = page.map(
      ([key, content]) =>
        `<Contents><Key>${key}</Key><Size>${content.byteLength}</Size><ETag>${etagOf(content).replaceAll('"', '&quot;')}</ETag></Contents>`,
    );
    const next =
      more && !this.losesTokens ? `<NextContinuationToken>${first + 3}</NextContinuationToken>` : '';
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end(
        `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
      );
  }

  private listGoogle(prefix: string, response: ServerResponse): void {
    const items = this.under(prefix).map(([name, content]) => ({
      name,
      size: String(content.byteLength),
      generation: sha256(content).slice(0, 8),
      md5Hash: md5(content).toString('base64'),
    }));
    response.end(JSON.stringify({ items }));
  }

  private hub(path: string, response: ServerResponse): void {
    if (path.includes('/revision/')) return void response.end(JSON.stringify({ sha: COMMIT }));
    const entries = [...this.objects].map(([name, content]) => ({
      type: 'file',
      path: name,
      size: content.byteLength,
      oid: createHash('sha1').update(`blob ${content.byteLength}\0`).update(content).digest('hex'),
      ...(name.endsWith('.onnx') ? { lfs: { oid: sha256(content), size: content.byteLength } } : {}),
    }));
    if (this.nextPage !== undefined) response.setHeader('link', `<${this.nextPage}>; rel="next"`);
    response.end(JSON.stringify(entries));
  }

  private sums(request: IncomingMessage, response: ServerResponse): void {
    const text = [...this.objects].map(([key, content]) => `${sha256(content)}  ./${key}\n`).join('');
    const etag = etagOf(Buffer.from(text));
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
    response.writeHead(200, { etag }).end(text);
  }

  private under(prefix: string): [string, Uint8Array][] {
    return [...this.objects]
      .filter(([key]) => key.startsWith(prefix))
      .toSorted(([one], [other]) => (one < other ? -1 : 1));
  }
}
