import { createPublicKey } from 'node:crypto';
import { Issuer, issuerKey, signedWithSecret } from '../../fixtures/issuer';
import { KeysFile } from '../../fixtures/keys';
import { affine } from '../../fixtures/models';
import { messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { freePort } from '../support/redis';
import { tearDown } from '../support/tear-down';

const UNAUTHENTICATED = 16;
const UNAVAILABLE = 14;

const repository = new Repository().model('open', affine()).model('secret', affine());
const file = new KeysFile();
const key = file.add('alice', { scopes: ['infer'] });
/** All tokens, none of which may be in the log. */
const sent: string[] = [];

afterAll(() => tearDown(file, repository));

const bearer = (token: string) => {
  sent.push(token);
  return { authorization: `Bearer ${token}` };
};
const infer = (gateway: Gateway, headers: Record<string, string>, model = 'open') =>
  gateway.send(`/v2/models/${model}/infer`, {
    method: 'POST',
    headers,
    body: JSON.stringify(oneRow(1)),
  });

/** The parts of the answer to a refused request that the client sees. */
const refusalOf = async (gateway: Gateway, headers: Record<string, string>) => {
  const { status, headers: received, body } = await infer(gateway, headers);
  return [status, received['www-authenticate'], body.toString()];
};

describe('tokens of an issuer', () => {
  let issuer: Issuer;
  let gateway: Gateway;
  let client: GrpcClient;
  beforeAll(async () => {
    issuer = await Issuer.start();
    gateway = await Gateway.start(repository, {
      ...issuer.settings,
      NEXUS_KEYS_FILE: file.path,
      NEXUS_OIDC_CLAIMS: 'key=sub,tenant=tenant,scopes=scope,models=models',
    });
    client = new GrpcClient(gateway.grpc);
  });
  afterAll(async () => {
    client.close();
    await issuer.stop();
    await gateway.stop();
  });

  const token = (claims = {}, header = {}) =>
    issuer.sign({ tenant: 'acme', models: ['*'], ...claims }, header);
  const call = async (headers: Record<string, string>, model = 'open') =>
    (await client.call('ModelInfer', messageOf(model, oneRow(1)), headers)).error?.code ?? 0;

  it('run models, and the log has the tenant and the subject', async () => {
    const headers = bearer(token());
    for (const requestId of ['first', 'remembered'])
      expect((await infer(gateway, { ...headers, 'x-request-id': requestId })).status).toBe(200);
    expect(await call({ ...headers, 'x-request-id': 'grpc' })).toBe(0);
    for (const id of ['first', 'remembered', 'grpc'])
      expect(await gateway.logged(({ requestId }) => requestId === id)).toMatchObject({
        caller: 'acme/oidc:alice',
      });
  });

  it('work as x-api-key and as the password of Basic too', async () => {
    const text = token();
    sent.push(text);
    for (const headers of [
      { 'x-api-key': text },
      { authorization: `Basic ${Buffer.from(`user:${text}`).toString('base64')}` },
    ]) {
      expect((await infer(gateway, headers)).status).toBe(200);
      expect(await call(headers)).toBe(0);
    }
  });

  const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const forged = (header: object, secret: string | Buffer) =>
    signedWithSecret(
      JSON.stringify({ typ: 'JWT', kid: issuer.keys[0]!.jwk.kid, ...header }),
      Buffer.from(token().split('.')[1]!, 'base64url').toString(),
      secret,
    );
  const publicKey = () => createPublicKey({ key: issuer.keys[0]!.jwk, format: 'jwk' });

  it.each<[string, () => string]>([
    ['no signature, alg none', () => `${base64url({ alg: 'none' })}.${token().split('.')[1]}.`],
    [
      'the signature of another token, alg none',
      () => token().replace(/^[^.]+/, base64url({ alg: 'none', kid: issuer.keys[0]!.jwk.kid })),
    ],
    [
      'HS256 with the public key in PEM',
      () => forged({ alg: 'HS256' }, publicKey().export({ type: 'spki', format: 'pem' })),
    ],
    [
      'HS256 with the public key in DER',
      () => forged({ alg: 'HS256' }, publicKey().export({ type: 'spki', format: 'der' })),
    ],
    ['HS256 with an empty secret', () => forged({ alg: 'HS256' }, '')],
    ['another audience', () => token({ aud: 'other' })],
    ['no audience', () => token({ aud: undefined })],
    ['another issuer', () => token({ iss: 'https://issuer.example' })],
    ['an expired token', () => token({ exp: Math.floor(Date.now() / 1000) - 3600 })],
    ['a token without expiry', () => token({ exp: undefined })],
    ['a token of the future', () => token({ nbf: Math.floor(Date.now() / 1000) + 3600 })],
    [
      'another key with the id of the right one',
      () => issuer.sign({}, { kid: issuer.keys[0]!.jwk.kid }, issuerKey()),
    ],
    [
      'a key of its own in the header',
      () => {
        const own = issuerKey();
        return issuer.sign({}, { jwk: own.jwk, kid: own.jwk.kid }, own);
      },
    ],
    [
      'changed claims',
      () => token().replace(/\.[^.]+\./, `.${base64url({ sub: 'root', scope: 'nexus:admin' })}.`),
    ],
    ['a cut signature', () => token().slice(0, -4)],
    ['no token, but three dots', () => '...'],
  ])('are refused alike: %s', async (_what, make) => {
    const headers = bearer(make());
    expect(await refusalOf(gateway, headers)).toEqual(await refusalOf(gateway, {}));
    expect((await refusalOf(gateway, headers))[0]).toBe(401);
    expect(await call(headers)).toBe(UNAUTHENTICATED);
  });

  it('a huge token is refused although it is valid, and its connection goes on', async () => {
    const huge = (length: number) => bearer(token({ padding: 'a'.repeat(length) }));
    expect((await infer(gateway, huge(11_000))).status).toBe(200);
    for (const length of [13_000, 500_000]) expect((await infer(gateway, huge(length))).status).toBe(431);
    expect(await call(huge(13_000))).toBe(UNAUTHENTICATED);
    expect(await call(bearer(token()))).toBe(0);
  });

  it.each([
    ['only scopes with the prefix count', { scope: 'infer admin openid' }, 403, 7],
    ['another scope does not run models', { scope: 'nexus:read nexus:admin' }, 403, 7],
    ['no scope is none', { scope: undefined }, 403, 7],
    ['a model that is not named does not exist', { models: ['secret', 'ope'] }, 404, 5],
    ['no models are none', { models: undefined }, 404, 5],
    ['a pattern names models', { models: 'op*' }, 200, 0],
    ['a list of scopes', { scope: ['nexus:infer', 'x'] }, 200, 0],
    ['a tenant that is no text', { tenant: 7 }, 401, UNAUTHENTICATED],
    ['a tenant with a slash', { tenant: 'acme/root' }, 401, UNAUTHENTICATED],
  ])('claims are enforced: %s', async (_what, claims, status, code) => {
    const headers = bearer(token(claims));
    expect([(await infer(gateway, headers)).status, await call(headers)]).toEqual([status, code]);
  });

  it('and keys work together, but not in one request', async () => {
    const headers = bearer(token());
    expect((await infer(gateway, { 'x-api-key': key })).status).toBe(200);
    expect((await infer(gateway, headers)).status).toBe(200);
    expect((await infer(gateway, { ...headers, 'x-api-key': key })).status).toBe(401);
    expect(await call({ ...headers, 'x-api-key': key })).toBe(UNAUTHENTICATED);
  });

  it('are in no line of the log', () => {
    const signatures = sent.map((text) => text.split('.').at(-1)!).filter((text) => text.length > 20);
    expect(signatures.length).toBeGreaterThan(10);
    for (const signature of signatures) expect(gateway.stdout + gateway.stderr).not.toContain(signature);
    expect(gateway.stdout).not.toContain('eyJ');
  });
});

describe('while the keys of the issuer cannot be fetched', () => {
  const start = (issuer: string, settings = {}) =>
    Gateway.start(repository, {
      NEXUS_OIDC_ISSUER: issuer,
      NEXUS_OIDC_AUDIENCE: 'nexus',
      NEXUS_KEYS_FILE: file.path,
      ...settings,
    });

  const unverified = async (gateway: Gateway, token: string) => {
    const { status, headers, body } = await infer(gateway, bearer(token));
    expect([status, headers['retry-after'], headers['www-authenticate']]).toEqual([503, '1', undefined]);
    expect(body.toString()).toBe(
      '{"error":"cannot verify these credentials at the moment; retry after a second"}',
    );
    const client = new GrpcClient(gateway.grpc);
    const { error, trailers } = await client.call('ModelInfer', messageOf('open', oneRow(1)), bearer(token));
    client.close();
    expect([error?.code, trailers.get('retry-after')]).toEqual([UNAVAILABLE, ['1']]);
  };

  it('an issuer that hangs: tokens get 503, and keys and health work meanwhile', async () => {
    const issuer = await Issuer.start();
    issuer.mode = 'hang';
    const gateway = await start(issuer.url, { NEXUS_OIDC_JWKS_URI: `${issuer.url}/keys` });
    const answered: string[] = [];
    const waiting = infer(gateway, bearer(issuer.sign())).then(({ status }) =>
      answered.push(`token ${status}`),
    );
    expect((await infer(gateway, { 'x-api-key': key })).status).toBe(200);
    expect((await gateway.send('/health/ready', { headers: bearer(issuer.sign()) })).status).toBe(200);
    await waiting;
    expect(answered).toEqual(['token 503']);
    await unverified(gateway, issuer.sign());
    // What cannot be a token of this gateway is refused without the keys.
    expect((await infer(gateway, bearer(issuer.sign({}, { alg: 'none' })))).status).toBe(401);
    await gateway.stop();
    await issuer.stop();
  });

  it('keys of many megabytes are not read to their end, and tokens work once they are right', async () => {
    const issuer = await Issuer.start();
    issuer.mode = 'huge';
    const gateway = await start(issuer.url, { NEXUS_OIDC_JWKS_URI: `${issuer.url}/keys` });
    await gateway.logged(({ msg }) => msg?.startsWith(`cannot fetch the keys of the token issuer`) ?? false);
    await unverified(gateway, issuer.sign());
    expect(issuer.written).toBeLessThan(19_000_000 * issuer.keyRequests);
    issuer.mode = 'ok';
    await gateway.logged(({ msg }) => msg === `the token issuer ${issuer.url} is available again`);
    expect((await infer(gateway, bearer(issuer.sign()))).status).toBe(200);
    await gateway.stop();
    await issuer.stop();
  });

  it('an issuer that is not there at the start: tokens work once it is', async () => {
    const port = await freePort();
    const gateway = await start(`http://127.0.0.1:${port}`);
    await unverified(gateway, 'eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJzdWIiOiJhIn0.AAAA');
    expect((await infer(gateway, { 'x-api-key': key })).status).toBe(200);
    const issuer = await Issuer.start(issuerKey(), port);
    await gateway.logged(({ msg }) => msg === `the token issuer ${issuer.url} is available again`);
    expect((await infer(gateway, bearer(issuer.sign()))).status).toBe(200);
    await gateway.stop();
    await issuer.stop();
  });
});
