import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { Authority } from '../../fixtures/certificate';
import { affine } from '../../fixtures/models';
import { messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { send, sendBytes } from '../support/http';
import { tearDown } from '../support/tear-down';

const KEY = 'correct-horse-battery';
const keyed = { 'x-api-key': KEY };
const repository = new Repository().model('affine', affine());
const adminOf = ({ stderr }: Gateway) => /admin on (https?:\S+\d)/.exec(stderr)![1]!;

afterAll(() => repository.remove());

describe('a port for operators', () => {
  let gateway: Gateway;
  let admin: string;
  let client: GrpcClient;
  beforeAll(async () => {
    gateway = await Gateway.start(repository, {
      NEXUS_ADMIN_PORT: '0',
      NEXUS_API_KEY: KEY,
      NEXUS_PUBLIC: 'metrics',
      NEXUS_MODEL_CONTROL_MODE: 'explicit',
      NEXUS_LOAD_MODELS: '*',
    });
    admin = adminOf(gateway);
    client = new GrpcClient(gateway.grpc);
  });
  afterAll(() => tearDown(client, gateway));

  /** The routes that move to it, with a body for those that need one. */
  const ROUTES = (
    [
      ['GET', '/metrics'],
      ['HEAD', '/metrics'],
      ['POST', '/v2/repository/models/affine/load', {}],
      ['PUT', '/v1/models/affine/aliases/stable', { version: '1' }],
      ['POST', '/v2/systemsharedmemory/unregister', {}],
    ] as readonly (readonly [string, string, object?])[]
  ).map(([method, path, body]) => [method, path, body] as const);

  it.each(ROUTES)('serves %s %s', async (method, path, body) => {
    const message = { method, ...(body && { body: JSON.stringify(body) }) };
    expect((await send(admin, path, { ...message, headers: keyed })).status).toBe(200);
    expect((await send(admin, path, message)).status).toBe(path === '/metrics' ? 200 : 401);
  });

  it.each(ROUTES)('is the only one with %s %s', async (method, path, body) => {
    // Of the same length, and none of the routes.
    const unknown = `${path.slice(0, -1)}0`;
    for (const headers of [{}, keyed]) {
      const message = { method, headers, ...(body && { body: JSON.stringify(body) }) };
      const hidden = await gateway.send(path, message);
      const missing = await gateway.send(unknown, message);
      expect([hidden.status, missing.status]).toEqual([404, 404]);
      expect(hidden.body.toString()).toBe(missing.body.toString().replace(unknown, path));
      expect(Object.keys(hidden.headers)).toEqual(Object.keys(missing.headers));
    }
  });

  it('hides the methods of a path from the others, too', async () => {
    const logging = await gateway.send('/v2/logging', { method: 'POST', headers: keyed, body: '{}' });
    expect([logging.status, logging.headers.allow]).toEqual([405, 'GET, HEAD']);
    expect((await gateway.send('/v2/repository/models/affine/load')).status).toBe(404);
    const load = await send(admin, '/v2/repository/models/affine/load', { headers: keyed });
    expect([load.status, load.headers.allow]).toEqual([405, 'POST']);
    expect((await gateway.send('/docs', { method: 'POST' })).status).toBe(405);
  });

  it('serves everything else as well, as the others do', async () => {
    const infer = { method: 'POST', headers: keyed, body: JSON.stringify(oneRow(1, 2)) };
    for (const url of [gateway.url, admin]) {
      expect((await send(url, '/v2/models/affine/infer', infer)).status).toBe(200);
      expect((await send(url, '/v2/logging', { headers: keyed })).status).toBe(200);
      expect((await send(url, '/health/live')).status).toBe(200);
      expect((await send(url, '/nothing')).status).toBe(404);
    }
    expect(await sendBytes(admin, Buffer.from('no http\r\n\r\n'))).toMatch(/^HTTP\/1.1 400 [^]*not an HTTP/);
  });

  it.each(['RepositoryModelLoad', 'RepositoryModelUnload', 'LogSettings', 'SystemSharedMemoryRegister'])(
    'is the only one with the method %s',
    async (method) => {
      for (const keys of [{}, keyed]) {
        const { error } = await client.call(method, {}, keys);
        expect([error?.code, error?.details]).toEqual([
          12,
          `The server does not implement the method /inference.GRPCInferenceService/${method}`,
        ]);
      }
    },
  );

  it('leaves gRPC the other methods', async () => {
    expect((await client.call('ServerLive')).error).toBeUndefined();
    for (const [method, message] of [
      ['ModelInfer', messageOf('affine', oneRow(1))],
      ['RepositoryIndex', {}],
      ['SystemSharedMemoryStatus', {}],
    ] as const)
      expect((await client.call(method, message, keyed)).error).toBeUndefined();
  });

  it('that is in use ends the start, and is named', async () => {
    const { port } = new URL(admin);
    expect(await Gateway.failing({ NEXUS_ADMIN_PORT: port })).toMatchObject({
      code: 1,
      stderr: `NEXUS_ADMIN_PORT=${port}: the port is already in use on 127.0.0.1; stop the process that uses it, or set another port\n`,
    });
  });

  it('on an address that this machine does not have ends the start', async () => {
    const env = { NEXUS_ADMIN_PORT: '0', NEXUS_ADMIN_HOST: '192.0.2.1', NEXUS_API_KEY: KEY };
    const { code, stderr } = await Gateway.failing(env);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^NEXUS_ADMIN_HOST=192\.0\.2\.1: this machine does not have that address.*\n$/);
  });

  it('finishes its requests after SIGTERM, as the others do', async () => {
    const body = JSON.stringify(oneRow(1, 2));
    const head = `POST /v2/models/affine/infer HTTP/1.1\r\nhost: a\r\nx-api-key: ${KEY}\r\ncontent-length: ${body.length}\r\n\r\n`;
    const connections = [gateway.url, admin].map((url) => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      return { socket, received: readAll(socket) };
    });
    for (const { socket } of connections) socket.write(head);
    // Connections are served in their order.
    for (const url of [gateway.url, admin]) await send(url, '/health/live');
    gateway.kill('SIGTERM');
    await gateway.draining();
    for (const { socket } of connections) socket.write(body);
    for (const { received } of connections)
      expect(await received).toMatch(/^HTTP\/1.1 200 [^]*connection: close\r\n[^]*"data":\[3,5\]/i);
    expect(await gateway.exited()).toBe(0);
  });
});

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  await once(socket, 'close');
  return text;
}

describe('with TLS, and without keys', () => {
  const authority = new Authority('servers');
  const folder = new Repository();
  const [cert, key] = [join(folder.path, 'tls.crt'), join(folder.path, 'tls.key')];
  const issue = () => {
    const pair = authority.issue({ names: ['localhost'], dns: ['localhost'] });
    writeFileSync(cert, pair.cert);
    writeFileSync(key, pair.key);
  };
  let gateway: Gateway;
  beforeAll(async () => {
    issue();
    gateway = await Gateway.start(repository, {
      NEXUS_ADMIN_PORT: '0',
      NEXUS_TLS_CERT: cert,
      NEXUS_TLS_KEY: key,
    });
  });
  afterAll(() => tearDown(gateway, folder));

  /** The status of a request on a connection of its own, and the serial number of the server's certificate. */
  async function ask(url: string, path: string) {
    const { port } = new URL(url);
    const agent = new Agent({ ca: authority.cert, servername: 'localhost' });
    const outgoing = request({ host: '127.0.0.1', port, path, agent }).end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const { serialNumber } = (answer.socket as TLSSocket).getPeerCertificate();
    answer.resume();
    agent.destroy();
    return { status: answer.statusCode, serialNumber };
  }

  it('operations are on its port only', async () => {
    expect(adminOf(gateway)).toMatch(/^https:/);
    expect((await ask(adminOf(gateway), '/metrics')).status).toBe(200);
    expect((await ask(gateway.url, '/metrics')).status).toBe(404);
  });

  it('a new certificate is used on both', async () => {
    const before = await ask(adminOf(gateway), '/metrics');
    issue();
    await gateway.logged(({ msg }) => msg?.startsWith('loaded the certificate') ?? false);
    const after = await ask(adminOf(gateway), '/metrics');
    expect(after.serialNumber).not.toBe(before.serialNumber);
    expect((await ask(gateway.url, '/v2')).serialNumber).toBe(after.serialNumber);
  });
});
