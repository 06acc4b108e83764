import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Browser, CHROMIUM } from '../support/chromium';
import { Gateway, Repository } from '../support/gateway';
import type { Answer } from '../support/http';
import { tearDown } from '../support/tear-down';

const ORIGIN = 'https://app.example:8443';
const BODY = JSON.stringify(oneRow(1, 2));

const repository = new Repository().model('affine', affine());
afterAll(() => repository.remove());

const corsOf = ({ headers }: Answer) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-') || name === 'vary');

/** What a browser sends before it sends the request itself. */
const preflight = (gateway: Gateway, path: string, origin: string, headers = 'authorization,x-api-key') =>
  gateway.send(path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': headers,
    },
  });

describe('without origins', () => {
  let gateway: Gateway;
  beforeAll(async () => (gateway = await Gateway.start(repository)));
  afterAll(() => tearDown(gateway));

  it('no response has a header of CORS, and preflights are not answered', async () => {
    const answer = await gateway.send('/v2', { headers: { origin: ORIGIN } });
    expect(answer.status).toBe(200);
    expect(corsOf(answer)).toEqual([]);
    const refused = await preflight(gateway, '/v2/models/affine/infer', ORIGIN);
    expect(refused.status).toBe(405);
    expect(corsOf(refused)).toEqual([]);
  });
});

describe('with exact origins', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start(repository, {
      NEXUS_CORS_ORIGINS: `${ORIGIN}, http://localhost:3000`,
      NEXUS_RESPONSE_COMPRESSION: 'json',
    });
  });
  afterAll(() => tearDown(gateway));

  it('a preflight is answered without a handler', async () => {
    const before = await gateway.metric('nexus_inference_rows_total{model="affine",version="1"}');
    const names =
      'authorization,content-type,idempotency-key,inference-header-content-length,x-request-timeout';
    const { status, headers, body } = await preflight(gateway, '/v2/models/affine/infer', ORIGIN, names);
    expect([status, body.length]).toEqual([204, 0]);
    expect(headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
      'access-control-allow-headers': names,
      'access-control-max-age': '7200',
      'x-request-id': expect.any(String),
      vary: 'origin',
    });
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    expect(headers['ratelimit']).toBeUndefined();
    expect(before).toBe(0);
    expect(await gateway.metric('nexus_inference_rows_total{model="affine",version="1"}')).toBe(before);
  });

  it.each([
    ['a success', '/v2/models/affine/infer', 200],
    ['an error', '/v2/models/none/infer', 404],
    ['an unknown path', '/nothing', 404],
  ])('%s may be read, with all its headers', async (_what, path, status) => {
    const answer = await gateway.send(path, { method: 'POST', headers: { origin: ORIGIN }, body: BODY });
    expect(answer.status).toBe(status);
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN);
    expect(answer.headers['access-control-expose-headers']).toBe('*');
    expect(answer.headers.vary).toMatch(/^origin(, accept-encoding)?$/);
  });

  it('the response depends on the origin and the encoding', async () => {
    const path = '/v2/models/affine/infer';
    const { headers } = await gateway.send(path, { method: 'POST', headers: { origin: ORIGIN }, body: BODY });
    expect(headers.vary).toBe('origin, accept-encoding');
  });

  it.each([
    'https://app.example',
    'http://app.example:8443',
    'https://app.example:8443.evil.example',
    'null',
  ])('the origin %s may not read anything', async (origin) => {
    expect(corsOf(await gateway.send('/v2', { headers: { origin } }))).toEqual(['vary']);
    const refused = await preflight(gateway, '/v2/models/affine/infer', origin);
    expect([refused.status, corsOf(refused)]).toEqual([405, ['vary']]);
  });

  it('a request without an origin is as ever, also an OPTIONS request', async () => {
    expect(corsOf(await gateway.send('/v2'))).toEqual(['vary']);
    expect((await gateway.send('/v2', { method: 'OPTIONS' })).status).toBe(405);
    expect((await gateway.send('/nothing', { method: 'OPTIONS' })).status).toBe(404);
  });
});

describe('with every origin', () => {
  let gateway: Gateway;
  beforeAll(async () => (gateway = await Gateway.start(repository, { NEXUS_CORS_ORIGINS: '*' })));
  afterAll(() => tearDown(gateway));

  it('responses do not depend on it', async () => {
    const { headers } = await gateway.send('/v2', { headers: { origin: ORIGIN } });
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers.vary).toBeUndefined();
    expect((await preflight(gateway, '/v2/models/affine/infer', ORIGIN)).status).toBe(204);
  });

  const title =
    CHROMIUM === undefined
      ? '(left out: Chromium is not installed)'
      : 'calls the gateway from another origin';
  (CHROMIUM === undefined ? it.skip : it)(`a page with the TypeScript client ${title}`, async () => {
    const site = new Site(gateway.url);
    const browser = new Browser(await site.listen());
    try {
      expect(await site.result).toEqual({
        origin: site.url,
        outputs: { y: [3, 5] },
        requestId: expect.any(String),
        binary: [3, 5],
        failure: [404, 'model_not_found'],
      });
    } finally {
      await browser.stop();
      site.close();
    }
  });
});

/** A web site with one page, which uses the client and sends back what it got. */
class Site {
  readonly result: Promise<unknown>;
  url = '';
  private readonly server: Server;

  constructor(gateway: string) {
    let report: (result: unknown) => void;
    this.result = new Promise((resolve) => (report = resolve));
    this.server = createServer((request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost');
      if (request.method === 'POST')
        void request.toArray().then((parts) => {
          report(JSON.parse(Buffer.concat(parts as Buffer[]).toString()));
          response.end();
        });
      else if (pathname.endsWith('.ts'))
        response.setHeader('content-type', 'text/javascript').end(moduleAt(pathname));
      else response.setHeader('content-type', 'text/html').end(pageFor(gateway));
    });
  }

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this.url;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** A module of the client as JavaScript. */
function moduleAt(path: string): string {
  const text = readFileSync(join('clients/typescript/src', path), 'utf8');
  return transformSync(text, { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' } }).code;
}

/** A page that runs a model by JSON and by binary tensors, which need headers that a browser hides without CORS. */
function pageFor(gateway: string): string {
  return `<!doctype html><title>page</title><script type="module">
    const report = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
    try {
      const { Nexus, tensor } = await import('/index.ts');
      const nexus = new Nexus({ url: ${JSON.stringify(gateway)}, retries: 0 });
      const { outputs, requestId } = await nexus.predict('affine', { inputs: { x: [1, 2] } });
      const binary = await nexus.infer('affine', { x: tensor(new Float32Array([1, 2]), [1, 2]) });
      const failure = await nexus.predict('none', { inputs: {} }).catch(({ status, code }) => [status, code]);
      const [y] = Object.values(binary.outputs);
      await report({ origin: location.origin, outputs, requestId, binary: [...y.data], failure });
    } catch (error) {
      await report({ error: String(error) });
    }
  </script>`;
}
