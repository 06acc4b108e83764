import { credentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { Authority } from '../../fixtures/certificate';
import { KeysFile } from '../../fixtures/keys';
import { affine } from '../../fixtures/models';
import { messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient, inferenceDefinition } from '../support/grpc';
import { framed, RawGrpc } from '../support/raw-grpc';
import { tearDown } from '../support/tear-down';

const UNAUTHENTICATED = 16;

const repository = new Repository()
  .model('cached', affine(), 'cache: true')
  .model('plain', affine())
  .model('secret', affine())
  .add('rolled/1/model.onnx', affine())
  .add('rolled/2/model.onnx', affine());
const file = new KeysFile();
const keys = {
  alice: file.add('alice', { tenant: 'acme', models: ['cached', 'plain', 'rolled'] }),
  bob: file.add('bob', { tenant: 'acme', models: ['cached', 'plain', 'rolled'] }),
  admin: file.add('admin', { scopes: ['admin'] }),
  read: file.add('read', { tenant: 'other', scopes: ['read'], models: ['plain'] }),
};
file.addSubject('worker', 'worker', { tenant: 'mesh', models: ['plain'] });
file.addSubject('spiffe', 'spiffe://example.org/worker', { tenant: 'mesh' });
let gateway: Gateway;
let client: GrpcClient;

beforeAll(async () => {
  gateway = await Gateway.start(repository, {
    NEXUS_KEYS_FILE: file.path,
    NEXUS_TRUST_PROXY: '127.0.0.1',
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
    NEXUS_LOAD_MODELS: '*',
  });
  client = new GrpcClient(gateway.grpc);
});

afterAll(async () => {
  client?.close();
  file.remove();
  await tearDown(gateway, repository);
});

const infer = (model: string, key: string, headers: Record<string, string> = {}, value = 1) =>
  gateway.send(`/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { 'x-api-key': key, ...headers },
    body: JSON.stringify(oneRow(value)),
  });
const from = (address: string) => ({ 'x-forwarded-for': address });

describe('clients are told apart by their keys, not by their addresses', () => {
  it('a cached response belongs to one key, at any address', async () => {
    const cacheOf = async (key: string, address: string) =>
      (await infer('cached', key, from(address))).headers['x-cache'];
    expect(await cacheOf(keys.alice, '10.0.0.1')).toBe('miss');
    expect(await cacheOf(keys.bob, '10.0.0.1')).toBe('miss');
    expect(await cacheOf(keys.alice, '10.0.0.2')).toBe('hit');
    const { headers } = await client.call('ModelInfer', messageOf('cached', oneRow(1)), {
      'x-api-key': keys.bob,
    });
    expect(headers.get('x-cache')).toEqual(['hit']);
  });

  it('an Idempotency-Key belongs to one key, at any address', async () => {
    const replayed = async (key: string, address: string) => {
      const answer = await infer('plain', key, { ...from(address), 'idempotency-key': 'same' });
      expect(answer.status).toBe(200);
      return answer.headers['idempotency-replayed'];
    };
    expect(await replayed(keys.alice, '10.0.0.1')).toBeUndefined();
    expect(await replayed(keys.bob, '10.0.0.1')).toBeUndefined();
    expect(await replayed(keys.alice, '10.0.0.2')).toBe('true');
    const other = await infer('plain', keys.bob, { ...from('10.0.0.3'), 'idempotency-key': 'same' }, 2);
    expect(other.status).toBe(422);
  });

  it('sticky traffic goes by key', async () => {
    const versionOf = async (key: string, address: string) =>
      (await infer('rolled', key, from(address))).json().model_version as string;
    const traffic = await gateway.send('/v1/models/rolled/traffic', {
      method: 'PUT',
      headers: { 'x-api-key': keys.admin },
      body: JSON.stringify({ weights: { '1': 50, '2': 50 }, sticky: true }),
    });
    expect(traffic.status).toBe(200);
    const seen = new Map<string, Set<string>>();
    for (const key of [keys.alice, keys.bob]) {
      seen.set(key, new Set());
      // By address, all of 20 would take the same version once in half a million times.
      for (let host = 1; host <= 20; host++) seen.get(key)!.add(await versionOf(key, `10.1.0.${host}`));
    }
    expect([...seen.values()].map(({ size }) => size)).toEqual([1, 1]);
  });
});

describe('credentials as gRPC metadata', () => {
  const code = async (
    headers: Record<string, string>,
    method = 'ModelInfer',
    message: object = messageOf('plain', oneRow(1)),
  ) => (await client.call(method, message, headers)).error?.code ?? 0;

  it.each([
    ['a bearer key', () => ({ authorization: `Bearer ${keys.alice}` })],
    ['x-api-key', () => ({ 'x-api-key': keys.alice })],
    ['Basic', () => ({ authorization: `Basic ${Buffer.from(`user:${keys.alice}`).toString('base64')}` })],
    ['the same key both ways', () => ({ authorization: `Bearer ${keys.alice}`, 'x-api-key': keys.alice })],
  ])('%s lets in', async (_way, headers) => {
    expect(await code(headers())).toBe(0);
  });

  it.each([
    ['two keys in one line', () => ({ 'x-api-key': `${keys.alice}, ${keys.alice}` })],
    ['two different keys', () => ({ authorization: `Bearer ${keys.alice}`, 'x-api-key': keys.bob })],
    ['the key as another name', () => ({ 'api-key': keys.alice, cookie: keys.alice })],
  ])('%s is refused', async (_way, headers) => {
    expect(await code(headers() as Record<string, string>)).toBe(UNAUTHENTICATED);
  });

  it.each([1, 2])('x-api-key in %i lines is let in if there is one', async (lines) => {
    const raw = new RawGrpc(gateway.grpc);
    const headers = { 'x-api-key': Array.from({ length: lines }, () => keys.alice) };
    const path = '/inference.GRPCInferenceService/ServerMetadata';
    const answer = await raw.call({ ':path': path, ...headers }, [framed(Buffer.of())]);
    expect(answer.headers['grpc-status']).toBe(lines === 1 ? '0' : String(UNAUTHENTICATED));
    raw.close();
  });

  it('reflection requires any scope', async () => {
    const definition = loadSync(
      'node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
    );
    const reflection = new GrpcClient(gateway.grpc, 'grpc.reflection.v1.ServerReflection', definition);
    const list = (headers: Record<string, string>) =>
      reflection.stream('ServerReflectionInfo', headers).send({ listServices: '' });
    expect((await list({}).ended).code).toBe(UNAUTHENTICATED);
    for (const key of [keys.alice, keys.read]) {
      const stream = list({ 'x-api-key': key });
      expect(await stream.received(1)).toHaveLength(1);
      stream.call.end();
      expect((await stream.ended).code).toBe(0);
    }
    reflection.close();
  });

  it('health is open, and lists and watches only models that the client sees', async () => {
    const health = new GrpcClient(
      gateway.grpc,
      'grpc.health.v1.Health',
      loadSync(healthProto, { enums: String }),
    );
    const listed = async (headers: Record<string, string>) =>
      Object.keys((await health.call('list', {}, headers)).response.statuses).toSorted();
    const server = ['', 'inference.GRPCInferenceService'];
    expect(await listed({})).toEqual(server);
    expect(await listed({ 'x-api-key': 'wrong' })).toEqual(server);
    expect(await listed({ 'x-api-key': keys.alice })).toEqual(
      [...server, 'cached', 'plain', 'rolled'].toSorted(),
    );
    expect((await health.call('check', { service: '' })).response).toEqual({ status: 'SERVING' });
    for (const [service, key] of [
      ['plain', undefined],
      ['secret', keys.alice],
      ['absent', keys.alice],
    ] as const) {
      const headers: Record<string, string> = key === undefined ? {} : { 'x-api-key': key };
      expect((await health.call('check', { service }, headers)).error?.code).toBe(5);
      const watch = health.watch('watch', { service }, headers);
      expect(await watch.received(1)).toMatchObject([{ status: 'SERVICE_UNKNOWN' }]);
      watch.call.cancel();
    }
    const watch = health.watch('watch', { service: 'plain' }, { 'x-api-key': keys.alice });
    expect(await watch.received(1)).toMatchObject([{ status: 'SERVING' }]);
    watch.call.cancel();
    health.close();
  });
});

describe('client certificates', () => {
  const servers = new Authority('servers');
  const clients = new Authority('clients');
  const certificates = new Repository();
  const server = servers.issue({ names: ['localhost'], dns: ['localhost'] });
  const worker = clients.issue({ names: ['worker'] });
  let secure: Gateway;
  beforeAll(async () => {
    certificates.add('tls.key', server.key).add('tls.crt', server.cert).add('ca.crt', clients.cert);
    const path = (name: string) => `${certificates.path}/${name}`;
    secure = await Gateway.start(repository, {
      NEXUS_KEYS_FILE: file.path,
      NEXUS_TLS_CERT: path('tls.crt'),
      NEXUS_TLS_KEY: path('tls.key'),
      NEXUS_TLS_CLIENT_CA: path('ca.crt'),
    });
  });
  afterAll(() => tearDown(secure, certificates));

  const http = async (pair: { key: string; cert: string }, model: string, headers = {}): Promise<number> => {
    const { port } = new URL(secure.url);
    const path = `/v2/models/${model}/infer`;
    const outgoing = request({
      port,
      path,
      method: 'POST',
      ca: servers.cert,
      agent: false,
      headers,
      ...pair,
    });
    outgoing.end(JSON.stringify(oneRow(1)));
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode!;
  };
  const grpc = async (pair: { key: string; cert: string }, model: string, headers = {}): Promise<number> => {
    const [ca, key, cert] = [servers.cert, pair.key, pair.cert].map((text) => Buffer.from(text));
    const own = new GrpcClient(
      secure.grpc.replace('127.0.0.1', 'localhost'),
      undefined,
      inferenceDefinition,
      credentials.createSsl(ca, key, cert),
    );
    const { error } = await own.call('ModelInfer', messageOf(model, oneRow(1)), headers);
    own.close();
    return error?.code ?? 0;
  };

  it('stand for the key with their subject', async () => {
    expect([await http(worker, 'plain'), await grpc(worker, 'plain')]).toEqual([200, 0]);
    expect([await http(worker, 'secret'), await grpc(worker, 'secret')]).toEqual([404, 5]);
    const spiffe = clients.issue({ names: ['other'], uris: ['spiffe://example.org/worker'] });
    expect([await http(spiffe, 'secret'), await grpc(spiffe, 'secret')]).toEqual([200, 0]);
    for (const caller of ['mesh/worker', 'mesh/spiffe'])
      await secure.logged((line) => line['caller'] === caller);
  });

  it('with another subject are refused, unless there is a key', async () => {
    const nobody = clients.issue({ names: ['nobody'] });
    expect([await http(nobody, 'plain'), await grpc(nobody, 'plain')]).toEqual([401, UNAUTHENTICATED]);
    const headers = { 'x-api-key': keys.alice };
    expect([await http(nobody, 'plain', headers), await grpc(nobody, 'plain', headers)]).toEqual([200, 0]);
  });

  it('do not help a wrong key', async () => {
    const headers = { 'x-api-key': `${keys.alice}x` };
    expect([await http(worker, 'plain', headers), await grpc(worker, 'plain', headers)]).toEqual([
      401,
      UNAUTHENTICATED,
    ]);
  });
});
