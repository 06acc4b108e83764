import { logVerbosity, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import { openGrpc } from '../../../../src/remote/grpc/grpc-connection';
import type { TargetTls } from '../../../../src/remote/target';
import { Authority, selfSigned, type Pair } from '../../../fixtures/certificate';
import { anAttempt, failureOf, LONG } from '../loopback';
import { grpcTarget, ScriptedServer } from './scripted-server';

setLogVerbosity(logVerbosity.NONE);

const servers = new Authority('servers');
const clients = new Authority('clients');
const named = (name: string) => ({ names: [name], dns: [name] });
const identity = servers.issue(named('localhost'));
const { cert: certificate, key } = clients.issue({ names: ['gateway'] });
const stranger = new Authority('strangers').issue({ names: ['gateway'] });

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

/** A check of a target with this certificate. @param clientCa signs the certificates that clients need. */
async function check(pair: Pair, tls: TargetTls, clientCa?: string): Promise<void> {
  const credentials = ServerCredentials.createSsl(
    clientCa === undefined ? null : Buffer.from(clientCa),
    [{ private_key: Buffer.from(pair.key), cert_chain: Buffer.from(pair.cert) }],
    clientCa !== undefined,
  );
  const server = await ScriptedServer.start({ ModelReady: () => ({ ready: true }) }, credentials);
  open.push({ close: () => server.stop() });
  const connection = openGrpc(
    grpcTarget(server.port, { url: `https://localhost:${server.port}`, tls }),
    LONG,
    1024,
  );
  open.push(connection);
  await connection.check(anAttempt());
}

it('accepts a certificate of a private authority', async () => {
  await expect(check(identity, { ca: servers.cert })).resolves.toBeUndefined();
});

it('accepts a certificate of another name that is configured', async () => {
  const pair = servers.issue(named('gpu-1'));
  await expect(check(pair, { ca: servers.cert, serverName: 'gpu-1' })).resolves.toBeUndefined();
});

it('presents its certificate to a target that requires one', async () => {
  const tls = { ca: servers.cert, certificate, key };
  await expect(check(identity, tls, clients.cert)).resolves.toBeUndefined();
});

it.each<[string, Pair, TargetTls, string]>([
  ['an authority that is not known', identity, {}, 'unknown authority (set tls.ca)'],
  ['another authority', identity, { ca: clients.cert }, 'unknown authority (set tls.ca)'],
  ['no authority', selfSigned(), {}, 'unknown authority (set tls.ca)'],
  [
    'another name',
    servers.issue(named('gpu-1')),
    { ca: servers.cert },
    'for another name (set tls.server_name',
  ],
  [
    'another name than is configured',
    identity,
    { ca: servers.cert, serverName: 'gpu-1' },
    'for another name (set tls.server_name',
  ],
  [
    'the past',
    servers.issue({ ...named('localhost'), expires: '200201000000Z' }),
    { ca: servers.cert },
    'the certificate has expired',
  ],
])('refuses a certificate of %s', async (_what, pair, tls, message) => {
  expect(await failureOf(check(pair, tls))).toMatchObject({
    kind: 'connect',
    message: expect.stringContaining(message),
  });
});

it.each<[string, TargetTls]>([
  ['no certificate', {}],
  ['a certificate of another authority', { certificate: stranger.cert, key: stranger.key }],
])('fails with %s at a target that requires one', async (_what, tls) => {
  const failure = await failureOf(check(identity, { ca: servers.cert, ...tls }, clients.cert));
  expect(['connect', 'broken']).toContain(failure.kind);
});

it('fails at a target that does not speak TLS', async () => {
  const server = await ScriptedServer.start({});
  open.push({ close: () => server.stop() });
  const connection = openGrpc(
    grpcTarget(server.port, { url: `grpcs://localhost:${server.port}` }),
    LONG,
    1024,
  );
  open.push(connection);
  expect((await failureOf(connection.check(anAttempt()))).kind).toBe('connect');
});
