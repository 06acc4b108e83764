import { once } from 'node:events';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { Authority, type Pair } from '../../fixtures/certificate';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient, inferenceDefinition } from '../support/grpc';
import { sendBytes } from '../support/http';
import { tearDown } from '../support/tear-down';

const servers = new Authority('servers');
const clients = new Authority('clients');
const WANTED = { names: ['localhost'], dns: ['localhost'] };
const client = clients.issue({ names: ['loader'] });
const stranger = new Authority('strangers').issue({ names: ['loader'] });
/** Signed by a key that is not the one of the authority with this name. */
const forged = new Authority('clients').issue({ names: ['loader'] });

/** A Kubernetes secret volume: files that are links into a folder, which is itself a link and replaced as a whole. */
class SecretVolume {
  readonly folder = new Repository();
  private generation = 0;

  constructor(files: Readonly<Record<string, string>>) {
    this.replace(files);
    for (const name of Object.keys(files)) this.folder.link(name, join('..data', name));
  }

  replace(files: Readonly<Record<string, string>>): void {
    const { path } = this.folder;
    const next = `..${++this.generation}`;
    mkdirSync(join(path, next));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, next, name), text);
    symlinkSync(next, join(path, '..next'));
    renameSync(join(path, '..next'), join(path, '..data'));
  }

  file(name: string): string {
    return join(this.folder.path, name);
  }
}

const serverFiles = ({ key, cert }: Pair) => ({ 'tls.key': key, 'tls.crt': cert });

let repository: Repository;
beforeAll(() => {
  repository = new Repository().model('affine', affine());
});
afterAll(() => repository.remove());

const start = (volume: SecretVolume, env = {}) =>
  Gateway.start(repository, {
    NEXUS_TLS_CERT: volume.file('tls.crt'),
    NEXUS_TLS_KEY: volume.file('tls.key'),
    ...env,
  });

/** Sends a request over HTTPS. */
async function send(
  gateway: Gateway,
  path: string,
  { body, ...options }: RequestOptions & Pick<ConnectionOptions, 'session'> & { body?: string } = {},
) {
  const { port } = new URL(gateway.url);
  const method = body === undefined ? 'GET' : 'POST';
  const outgoing = request({ port, path, method, ca: servers.cert, agent: false, ...options });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  return { status: answer.statusCode!, headers: answer.headers, text };
}

const grpcClient = (gateway: Gateway, pair?: Pair) => {
  const [key, cert] = pair === undefined ? [] : [pair.key, pair.cert].map((text) => Buffer.from(text));
  const address = gateway.grpc.replace('127.0.0.1', 'localhost');
  const secure = credentials.createSsl(Buffer.from(servers.cert), key, cert);
  return new GrpcClient(address, undefined, inferenceDefinition, secure);
};

const portsOf = (gateway: Gateway) =>
  [new URL(gateway.url).port, gateway.grpc.split(':')[1]!].map(Number) as [number, number];

/** Opens a TLS connection. Rejects if the handshake fails. */
async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: servers.cert,
    ALPNProtocols: ['h2', 'http/1.1'],
    ...options,
  });
  await once(socket, 'secureConnect');
  return socket;
}

/** The serial number of the certificate that new connections get. */
async function serialAt(port: number): Promise<string> {
  const socket = await handshake(port);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

const WARNING = 40;

describe('TLS', () => {
  const first = servers.issue(WANTED);
  const volume = new SecretVolume(serverFiles(first));
  let gateway: Gateway;
  beforeAll(async () => (gateway = await start(volume, { NEXUS_LOG_LEVEL: 'debug' })));
  afterAll(async () => {
    await tearDown(gateway);
    volume.folder.remove();
  });

  it('serves HTTP and gRPC', async () => {
    expect(gateway.url).toMatch(/^https:/);
    const { status } = await send(gateway, '/v2/models/affine/infer', { body: JSON.stringify(oneRow(1, 2)) });
    expect(status).toBe(200);
    const grpc = grpcClient(gateway);
    expect((await grpc.call('ServerLive')).response).toEqual({ live: true });
    grpc.close();
  });

  it('the documentation names https, and its pages ask for it', async () => {
    const { text, headers } = await send(gateway, '/openapi.json');
    expect(text).toContain(`curl https://localhost:${new URL(gateway.url).port}/v1/models/`);
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    expect((await send(gateway, '/v2')).headers['strict-transport-security']).toBeUndefined();
  });

  it('the metric is when the certificate expires', async () => {
    const { text } = await send(gateway, '/metrics');
    const [, value] = /^nexus_tls_certificate_expiry_timestamp_seconds (\S+)$/m.exec(text)!;
    expect(Number(value)).toBe(Date.UTC(2049, 11, 31, 23, 59, 59) / 1000);
  });

  it.each([0, 1])('is of version 1.2 or 1.3, at port %i', async (which) => {
    const port = portsOf(gateway)[which]!;
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(handshake(port, old)).rejects.toThrow(/alert protocol version/);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await handshake(port, { minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    }
  });

  it('what is not TLS is disconnected, without an answer or a warning', async () => {
    const known = gateway.logs.length;
    for (const port of portsOf(gateway)) {
      const url = `http://127.0.0.1:${port}`;
      for (const bytes of ['GET /v2 HTTP/1.1\r\nhost: a\r\n\r\n', '\0\0\0'])
        expect(await sendBytes(url, Buffer.from(bytes))).not.toMatch(/HTTP/);
    }
    const { text } = await send(gateway, '/metrics');
    expect(text).toMatch(/^nexus_connections 1$/m);
    const failures = () =>
      gateway.logs.filter(({ msg }) =>
        /^the handshake with .* failed: ERR_SSL_HTTP_REQUEST$/.test(msg ?? ''),
      );
    await gateway.until(() => failures().length === 2);
    expect(gateway.logs.slice(known).filter(({ level }) => Number(level) >= WARNING)).toEqual([]);
  });

  it('malformed HTTP within TLS is answered', async () => {
    const socket = await handshake(portsOf(gateway)[0], { ALPNProtocols: ['http/1.1'] });
    socket.end('GET\r\n\r\n');
    const answer = Buffer.concat(await socket.toArray()).toString();
    expect(answer).toMatch(/^HTTP\/1.1 400 .*not an HTTP\/1.1 request/s);
  });

  describe('when the files change', () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: servers.cert });
    afterAll(() => agent.destroy());
    const says = (text: RegExp, from: number) =>
      gateway.until(() => gateway.logs.slice(from).some(({ msg }) => text.test(msg ?? '')));

    it('new connections get the new certificate, and open ones continue', async () => {
      const grpc = grpcClient(gateway);
      const stream = grpc.stream('ModelStreamInfer');
      await send(gateway, '/v2', { agent });
      const [socket] = Object.values(agent.freeSockets)[0]!;
      const before = await Promise.all(portsOf(gateway).map(serialAt));
      volume.replace(serverFiles(servers.issue(WANTED)));
      await says(/^loaded the certificate of CN=localhost, valid until Dec 31/, 0);
      const after = await Promise.all(portsOf(gateway).map(serialAt));
      expect(before[0]).toBe(before[1]);
      expect(after[0]).toBe(after[1]);
      expect(after[0]).not.toBe(before[0]);
      expect((await send(gateway, '/v2', { agent })).status).toBe(200);
      expect(Object.values(agent.freeSockets)[0]![0]).toBe(socket);
      stream.send({ model_name: 'none' });
      expect((await stream.received(1))[0].error_message).toMatch(/not found/);
      stream.call.end();
      await stream.ended;
      grpc.close();
    });

    it('files that do not belong together change nothing, and one warning says why', async () => {
      const before = await serialAt(portsOf(gateway)[0]);
      const from = gateway.logs.length;
      const { cert } = servers.issue(WANTED);
      volume.replace({ 'tls.key': first.key, 'tls.crt': cert });
      await says(/^NEXUS_TLS_KEY=.*does not belong.*; the previous certificate stays in use$/, from);
      expect(await Promise.all(portsOf(gateway).map(serialAt))).toEqual([before, before]);
      volume.replace({ 'tls.key': first.key });
      await says(/^NEXUS_TLS_CERT=.*cannot be read \(ENOENT\).*stays in use$/, from);
      const warnings = gateway.logs.slice(from).filter(({ level }) => Number(level) >= WARNING);
      expect(warnings).toHaveLength(2);
      expect((await send(gateway, '/v2')).status).toBe(200);
    });

    it('an expired certificate is used, with a warning', async () => {
      volume.replace(serverFiles(servers.issue({ ...WANTED, expires: '210101000000Z' })));
      await says(/the certificate expired on Jan {2}1 00:00:00 2021 GMT, so clients reject it/, 0);
      await expect(send(gateway, '/v2')).rejects.toThrow(/expired/);
    });
  });

  it('SIGTERM ends the gateway while handshakes are incomplete', async () => {
    const silent = portsOf(gateway).map((port) => connectPlain(port, '127.0.0.1').on('error', () => {}));
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    expect(await gateway.stop()).toBe(0);
  });
});

describe('client certificates', () => {
  const files = serverFiles(servers.issue(WANTED));
  const volume = new SecretVolume({ ...files, 'ca.crt': clients.cert });
  let gateway: Gateway;
  beforeAll(async () => (gateway = await start(volume, { NEXUS_TLS_CLIENT_CA: volume.file('ca.crt') })));
  afterAll(async () => {
    await tearDown(gateway);
    volume.folder.remove();
  });

  it.each([
    ['no certificate', {}],
    ['the certificate of a stranger', stranger],
  ])('a request with %s is refused, except health checks', async (_what, pair) => {
    const agent = new Agent({ keepAlive: true, ca: servers.cert });
    for (const path of ['/v2', '/v2/models/affine', '/metrics', '/docs', '/healthy', '/v2/health/..']) {
      const { status, text } = await send(gateway, path, { ...pair, agent });
      expect([path, status]).toEqual([path, 403]);
      expect(text).toContain('a client certificate that this server trusts is required');
    }
    for (const path of ['/health', '/health/live', '/health/ready', '/health/startup', '/v2/health/ready'])
      expect([path, (await send(gateway, path, { ...pair, agent })).status]).toEqual([path, 200]);
  });

  it('a request with a forged certificate is refused', async () => {
    const agent = new Agent({ keepAlive: true, ca: servers.cert });
    for (const path of ['/v2', '/v2/models/affine', '/metrics'])
      expect((await send(gateway, path, { ...forged, agent })).status).toBe(403);
    agent.destroy();
  });

  it('a request with a certificate is served, also on a resumed connection', async () => {
    expect((await send(gateway, '/v2', { ...client })).status).toBe(200);
    const agent = new Agent({ keepAlive: false, ca: servers.cert, ...client });
    expect((await send(gateway, '/v2', { agent })).status).toBe(200);
    const outgoing = request({ port: portsOf(gateway)[0], path: '/v2', agent });
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect((answer.socket as TLSSocket).isSessionReused()).toBe(true);
    expect(answer.statusCode).toBe(200);
    answer.resume();
    await once(answer, 'end');
  });

  it.each([
    ['no certificate', undefined, 14],
    ['the certificate of a stranger', stranger, 14],
    ['a forged certificate', forged, 14],
    ['a certificate', client, undefined],
  ])('a gRPC call with %s ends with the code %#', async (_what, pair, code) => {
    const grpc = grpcClient(gateway, pair);
    const { error } = await grpc.call('ServerLive');
    expect(error?.code).toBe(code);
    grpc.close();
  });

  it('an authority that is replaced is not trusted any more, nor are sessions from before', async () => {
    const port = portsOf(gateway)[0];
    const before = await handshake(port, { ...client, ALPNProtocols: ['http/1.1'] });
    const [session] = (await once(before, 'session')) as [Buffer];
    before.destroy();
    const next = new Authority('next');
    volume.replace({ ...files, 'ca.crt': next.cert });
    await gateway.logged(({ msg }) => msg?.startsWith('loaded the certificate') ?? false);
    expect((await send(gateway, '/v2', { ...client, session })).status).toBe(403);
    const trusted = next.issue({ names: ['loader'] });
    expect((await send(gateway, '/v2', { ...trusted })).status).toBe(200);
  });
});

it('a start with a key of another certificate is refused with one line', async () => {
  const volume = new SecretVolume({
    'tls.key': servers.issue(WANTED).key,
    'tls.crt': servers.issue(WANTED).cert,
  });
  const { code, stderr } = await Gateway.failing({
    NEXUS_TLS_CERT: volume.file('tls.crt'),
    NEXUS_TLS_KEY: volume.file('tls.key'),
  });
  volume.folder.remove();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^NEXUS_TLS_KEY=\S+: the key does not belong to .*\n$/);
});
