import { Authority } from '../../fixtures/certificate';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const API_KEY = 'worker-key-0123456789abcdef';
const HEADER = 'header-secret-0123456789abcdef';

const servers = new Authority('servers');
const clients = new Authority('clients');
const pair = servers.issue({ names: ['localhost'], dns: ['localhost'] });
const client = clients.issue({ names: ['gateway'] });

let workerFiles: Repository;
let files: Repository;
let worker: Gateway;
let gateway: Gateway;

beforeAll(async () => {
  workerFiles = new Repository()
    .model('double', affine())
    .add('tls/server.crt', pair.cert)
    .add('tls/server.key', pair.key)
    .add('tls/clients.crt', clients.cert);
  const { path } = workerFiles;
  worker = await Gateway.start(path, {
    NEXUS_TLS_CERT: `${path}/tls/server.crt`,
    NEXUS_TLS_KEY: `${path}/tls/server.key`,
    NEXUS_TLS_CLIENT_CA: `${path}/tls/clients.crt`,
    NEXUS_API_KEY: API_KEY,
  });
  files = new Repository()
    .add('tls/ca.pem', servers.cert)
    .add('tls/other-ca.pem', clients.cert)
    .add('tls/client.pem', client.cert)
    .add('tls/client.key', client.key)
    .add('tls/api-key', `${API_KEY}\n`);
  const url = worker.url.replace('localhost', '127.0.0.1');
  const tls = { ca: 'tls/ca.pem', certificate: 'tls/client.pem', key: 'tls/client.key' };
  const named = { ...tls, server_name: 'localhost' };
  const target = { url, model: 'double', api_key: 'env:WORKER_KEY', tls: named };
  const models = {
    'by-environment': { ...target, headers: { 'x-internal': 'env:INTERNAL_HEADER' } },
    'by-file': {
      ...target,
      url: `grpcs://${worker.grpc}`,
      protocol: 'v2-grpc',
      api_key: `file:${files.path}/tls/api-key`,
    },
    'other-authority': { ...target, tls: { ...named, ca: 'tls/other-ca.pem' } },
    'other-name': { ...target, tls: { ...named, server_name: 'elsewhere' } },
    'no-certificate': { ...target, tls: { ca: 'tls/ca.pem', server_name: 'localhost' } },
    'other-key': { ...target, api_key: 'env:INTERNAL_HEADER' },
  };
  for (const [name, each] of Object.entries(models))
    // A machine that is busy with other things may take longer than a second for a handshake.
    files.add(`${name}.yaml`, JSON.stringify({ targets: [each], remote: { connect_timeout_ms: 20_000 } }));
  gateway = await Gateway.start(files, {
    WORKER_KEY: API_KEY,
    INTERNAL_HEADER: HEADER,
    NEXUS_LOG_LEVEL: 'debug',
  });
});

afterAll(() => tearDown(gateway, worker, files, workerFiles));

it.each(['by-environment', 'by-file'])('reaches a target over mutual TLS: %s', async (model) => {
  const { status, body } = await gateway.infer(model, oneRow(1, 2));
  expect([status, body]).toMatchObject([200, { outputs: [{ name: 'y', data: [3, 5] }] }]);
});

it.each([
  ['other-authority', 'unknown authority'],
  ['other-name', 'another name'],
  ['no-certificate', 'does not accept the credentials'],
  ['other-key', 'does not accept the credentials'],
])('does not use a target with a fault of its security: %s', async (model, reason) => {
  const states = await gateway.index();
  expect(states.find(({ name }) => name === model)).toMatchObject({
    state: 'UNAVAILABLE',
    reason: expect.stringContaining(reason),
  });
  expect((await gateway.infer(model, oneRow(1, 2))).status).toBe(503);
});

it('shows no secret', async () => {
  const paths = ['/health', '/metrics', '/openapi.json', '/v1/models', '/v2/repository/index'];
  const models = ['by-environment', 'by-file', 'other-key'];
  const shown = [gateway.stdout, gateway.stderr, worker.stdout];
  for (const path of [...paths, ...models.flatMap((model) => [`/v1/models/${model}`, `/v2/models/${model}`])])
    shown.push(await (await gateway.fetch(path)).text());
  shown.push(JSON.stringify(await gateway.index()));
  shown.push(JSON.stringify((await gateway.infer('other-key', oneRow(1, 2))).body));
  const everything = shown.join('\n');
  expect(everything).toContain('by-environment');
  for (const secret of [API_KEY, HEADER, 'PRIVATE KEY', client.key.split('\n')[1]!])
    expect(everything).not.toContain(secret);
});
