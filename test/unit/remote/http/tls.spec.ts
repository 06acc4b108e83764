import { type TLSSocket } from 'node:tls';
import { HttpPool } from '../../../../src/remote/http/http-pool';
import type { TargetTls } from '../../../../src/remote/target';
import { Authority, selfSigned } from '../../../fixtures/certificate';
import { anAttempt, failureOf, LONG, serveBytes, serveHttps, targetAt, type Loopback } from '../loopback';

const authority = new Authority('authority');
const server = authority.issue({ names: ['gpu-1'], dns: ['gpu-1'] });
const client = authority.issue({ names: ['gateway'] });
const stranger = new Authority('stranger').issue({ names: ['gateway'] });
const { cert: ca } = authority;
const GPU = { ca, serverName: 'gpu-1' };

let plain: Loopback;
let mutual: Loopback;

beforeAll(async () => {
  const answer = (request: { socket: unknown }) =>
    String((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
  plain = await serveHttps(server, (request, response) => response.end(answer(request)));
  mutual = await serveHttps({ ...server, ca, requestCert: true }, (request, response) =>
    response.end(answer(request)),
  );
});

afterAll(() => Promise.all([plain.stop(), mutual.stop()]));

async function get({ port }: Loopback, tls: TargetTls | undefined, connectMs = LONG.connectMs) {
  const pool = new HttpPool(targetAt(`https://127.0.0.1:${port}`, { tls }), { ...LONG, connectMs });
  try {
    const request = { method: 'GET', path: '/', headers: [], body: [] } as const;
    const { body } = await pool.exchange(request, 1024, anAttempt());
    return body.toString();
  } finally {
    await pool.close();
  }
}

it('trusts a private authority', async () => {
  expect(await get(plain, GPU)).toBe('undefined');
});

it('presents its certificate', async () => {
  const tls = { ...GPU, certificate: client.cert, key: client.key };
  expect(await get(mutual, tls)).toBe('gateway');
});

it.each<[string, TargetTls | undefined, string]>([
  ['another authority', { ...GPU, ca: new Authority('other').cert }, 'unknown authority'],
  ['the authorities of the system', undefined, 'unknown authority'],
  ['another name', { ca, serverName: 'gpu-2' }, 'for another name'],
  ['no name', { ca }, 'for another name'],
])('refuses the target with %s', async (_name, tls, message) => {
  const failure = await failureOf(get(plain, tls));
  expect(failure.kind).toBe('connect');
  expect(failure.message).toContain(message);
});

it('refuses a target that signed its own certificate', async () => {
  const own = await serveHttps(selfSigned(), (_request, response) => response.end());
  const failure = await failureOf(get(own, { serverName: 'localhost' }));
  await own.stop();
  expect(failure).toMatchObject({
    kind: 'connect',
    message: expect.stringContaining('signed by itself') as string,
  });
});

it.each([
  ['none', {}],
  ['that of a stranger', { certificate: stranger.cert, key: stranger.key }],
])('reports that a target refuses its certificate: %s', async (_name, tls) => {
  expect(['connect', 'broken']).toContain((await failureOf(get(mutual, { ...GPU, ...tls }))).kind);
});

it('limits the time of a handshake', async () => {
  const silent = await serveBytes(() => undefined);
  const failure = await failureOf(get(silent, GPU, 50));
  await silent.stop();
  expect(failure).toMatchObject({ kind: 'connect', details: { timedOut: true } });
});

it('reports that a target does not speak TLS', async () => {
  const bare = await serveBytes((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const failure = await failureOf(get(bare, GPU));
  await bare.stop();
  expect(failure.kind).toBe('connect');
});
