import 'reflect-metadata';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { credentials, Server, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { HealthImplementation, protoPath } from 'grpc-health-check';
import { Config } from '../../../src/config/config';
import { Certificates } from '../../../src/transport/tls/certificates';
import { clientSubjectOf } from '../../../src/transport/tls/client-subject';
import { clientSubjectOfCall, FileCredentials } from '../../../src/transport/tls/grpc-credentials';
import { Authority, type Pair, type Wanted } from '../../fixtures/certificate';
import { GrpcClient } from '../../e2e/support/grpc';

const authority = new Authority('clients');
const foreign = new Authority('clients');
const server = new Authority('servers');
const folder = mkdtempSync(join(tmpdir(), 'nexus-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

let certificates: Certificates;
beforeAll(async () => {
  const { key, cert } = server.issue({ names: ['localhost'], dns: ['localhost'] });
  const path = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const config = Object.assign(new Config(), {
    tlsCert: path('cert', cert),
    tlsKey: path('key', key),
    tlsClientCa: path('ca', authority.cert),
  });
  certificates = (await Certificates.of(config))!;
});

/** The subject that a server reads from the socket of this client. */
async function subjectOver(socketOf: Pair | undefined): Promise<string | undefined> {
  const { context, handshake } = certificates;
  const listener = createServer({ ...context, ...handshake, rejectUnauthorized: false }).listen(0);
  await once(listener, 'listening');
  const accepted = once(listener, 'secureConnection') as Promise<[TLSSocket]>;
  const { port } = listener.address() as { port: number };
  const client = connect({ port, ca: server.cert, servername: 'localhost', ...socketOf });
  const [socket] = await accepted;
  const found = clientSubjectOf(socket);
  expect(clientSubjectOf(socket)).toBe(found);
  client.destroy();
  listener.close();
  await once(listener, 'close');
  return found;
}

const CASES: readonly [string, Wanted, string | undefined][] = [
  ['its common name', { names: ['loader'] }, 'loader'],
  ['its URI', { names: ['loader'], uris: ['spiffe://a.example/loader'] }, 'spiffe://a.example/loader'],
  ['its first URI', { names: ['x'], dns: ['d'], uris: ['spiffe://a/1', 'spiffe://a/2'] }, 'spiffe://a/1'],
  [
    'its common name, with a URI only within another name',
    { names: ['x'], dns: ['d, URI:spiffe://a/admin'] },
    'x',
  ],
  ['a URI with special characters', { names: ['x'], uris: ['spiffe://a/b,c"d'] }, 'spiffe://a/b,c"d'],
  ['a common name with special characters', { names: ['a\nCN=b'] }, 'a\nCN=b'],
  ['nothing, with two common names', { names: ['a', 'b'] }, undefined],
  ['nothing, without names', { names: [] }, undefined],
];

it.each(CASES)('the subject of a verified certificate is %s', async (_what, wanted, subject) => {
  expect(await subjectOver(authority.issue(wanted))).toBe(subject);
});

it('a certificate of another authority with the same name has no subject', async () => {
  expect(await subjectOver(foreign.issue({ names: ['loader'] }))).toBeUndefined();
});

it('a client without a certificate has no subject', async () => {
  expect(await subjectOver(undefined)).toBeUndefined();
});

it('a socket without TLS has no subject', () => {
  expect(clientSubjectOf({})).toBeUndefined();
});

describe('a gRPC call', () => {
  const found: (string | undefined)[] = [];
  const observe: ServerInterceptor = (_method, call) => {
    found.push(clientSubjectOfCall(call));
    return new ServerInterceptingCall(call);
  };
  let grpc: Server;
  let address: string;
  beforeAll(async () => {
    grpc = new Server({ interceptors: [observe] });
    new HealthImplementation({ '': 'SERVING' }).addToServer(grpc);
    const bind = promisify(grpc.bindAsync.bind(grpc));
    address = `localhost:${await bind('localhost:0', new FileCredentials(certificates))}`;
  });
  afterAll(() => grpc.forceShutdown());

  const checkWith = async (pair?: Pair) => {
    const [key, cert] = pair === undefined ? [] : [pair.key, pair.cert].map((text) => Buffer.from(text));
    const secure = credentials.createSsl(Buffer.from(server.cert), key, cert);
    const client = new GrpcClient(address, 'grpc.health.v1.Health', loadSync(protoPath), secure);
    const { error } = await client.call('check');
    client.close();
    return error?.code;
  };

  it('has the subject of its connection', async () => {
    expect(await checkWith(authority.issue({ names: ['x'], uris: ['spiffe://a/1'] }))).toBeUndefined();
    expect(await checkWith(authority.issue({ names: ['y'] }))).toBeUndefined();
    expect(found.splice(0)).toEqual(['spiffe://a/1', 'y']);
  });

  it('is not made without a verified certificate', async () => {
    expect(await checkWith(foreign.issue({ names: ['x'] }))).toBe(14);
    expect(await checkWith()).toBe(14);
    expect(found).toEqual([]);
  });
});
