import { writeFileSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { crc32 } from 'node:zlib';
import { hashOf, newApiKey } from '../../../src/identity/keys/api-key';
import { KeysFile } from '../../fixtures/keys';
import { affine } from '../../fixtures/models';
import { messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

const UNAUTHENTICATED = 16;
const HOUR_MS = 3_600_000;

const repository = new Repository().model('open', affine()).model('theirs', affine());
const file = new KeysFile();
const inAnHour = new Date(Date.now() + HOUR_MS).toISOString();
const anHourAgo = new Date(Date.now() - HOUR_MS).toISOString();
const previous = { current: newApiKey('current'), late: newApiKey('late') };
const keys = {
  good: file.add('good', { tenant: 'acme', models: ['open'] }),
  other: file.add('other', { tenant: 'umbrella', models: ['theirs'] }),
  expired: file.add('expired', { expires: anHourAgo }),
  expires: file.add('expires', { expires: inAnHour }),
  disabled: file.add('disabled', { disabled: true }),
  current: file.add('current', { previous: { hash: hashOf(previous.current), until: inAnHour } }),
  late: file.add('late', { previous: { hash: hashOf(previous.late), until: anHourAgo } }),
};
let gateway: Gateway;
let client: GrpcClient;

beforeAll(async () => {
  gateway = await Gateway.start(repository, {
    NEXUS_KEYS_FILE: file.path,
    NEXUS_API_KEY: 'environment-key-1',
  });
  client = new GrpcClient(gateway.grpc);
});

afterAll(async () => {
  client.close();
  file.remove();
  await tearDown(gateway, repository);
});

const infer = (headers: Record<string, string>, model = 'open') =>
  gateway.send(`/v2/models/${model}/infer`, { method: 'POST', headers, body: JSON.stringify(oneRow(1)) });
const statusOf = async (key: string, model?: string) => (await infer({ 'x-api-key': key }, model)).status;
const codeOf = async (key: string, model = 'open') =>
  (await client.call('ModelInfer', messageOf(model, oneRow(1)), { 'x-api-key': key })).error?.code ?? 0;

/** The key with another id, secret or checksum in the place of its own. */
const mixed = (id: string, secretOf: string) => {
  const text = `nxs_${id}_${secretOf.split('_')[2]}`;
  return `${text}_${base62(crc32(text))}`;
};

/** The checksum of a key. */
function base62(value: number): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let text = '';
  for (let rest = value; text.length < 6; rest = Math.floor(rest / 62)) text = digits[rest % 62]! + text;
  return text;
}

describe('keys', () => {
  it.each([
    ['of the file', keys.good],
    ['that expire later', keys.expires],
    ['that are new after a rotation', keys.current],
    ['from before a rotation, within the grace time', previous.current],
    ['that are new, after the grace time of the old one', keys.late],
    ['of the environment', 'environment-key-1'],
  ])('%s are accepted', async (_which, key) => {
    expect([await statusOf(key), await codeOf(key)]).toEqual([200, 0]);
  });

  it.each([
    ['made up', () => newApiKey('nobody'), 'the key is unknown', 'nobody'],
    ['made up for a known id', () => newApiKey('good'), 'the secret of the key is wrong', 'good'],
    [
      'an id with the secret of another tenant',
      () => mixed('good', keys.other),
      'the secret of the key is wrong',
      'good',
    ],
    [
      'another id with the own secret',
      () => mixed('other', keys.good),
      'the secret of the key is wrong',
      'other',
    ],
    ['truncated', () => keys.good.slice(0, -1), 'not a key', undefined],
    ['extended', () => `${keys.good}0`, 'not a key', undefined],
    ['in capitals', () => keys.good.toUpperCase(), 'not a key', undefined],
    ['with a wrong checksum', () => keys.good.replace(/.{6}$/, '000000'), 'not a key', undefined],
    ['the hash of a key', () => hashOf(keys.good), 'not a key', undefined],
    ['expired', () => keys.expired, 'the key has expired', 'expired'],
    ['disabled', () => keys.disabled, 'the key is disabled', 'disabled'],
    [
      'from before a rotation',
      () => previous.late,
      'the key was rotated, and its grace time has passed',
      'late',
    ],
    ['a part of one of the environment', () => 'environment-key', 'not a key', undefined],
    ['several of the environment', () => 'environment-key-1,environment-key-1', 'not a key', undefined],
  ])('%s are refused alike, and only the log has why', async (_which, make, reason, id) => {
    const [key, requestId] = [make(), _which.replaceAll(' ', '-')];
    const answer = await infer({ 'x-api-key': key, 'x-request-id': requestId });
    const none = await infer({});
    expect([answer.status, answer.body.toString()]).toEqual([401, none.body.toString()]);
    expect(Object.keys(answer.headers)).toEqual(Object.keys(none.headers));
    expect(await codeOf(key)).toBe(UNAUTHENTICATED);
    expect(await gateway.logged((line) => line['requestId'] === requestId)).toMatchObject({
      status: 401,
      reason: expect.stringContaining(reason),
      ...(id === undefined ? {} : { key: id }),
    });
  });

  it('do not reach what is of another tenant', async () => {
    expect([await statusOf(keys.good), await statusOf(keys.good, 'theirs')]).toEqual([200, 404]);
    expect([await statusOf(keys.other), await statusOf(keys.other, 'theirs')]).toEqual([404, 200]);
    expect([await codeOf(keys.good, 'theirs'), await codeOf(keys.other, 'theirs')]).toEqual([5, 0]);
  });
});

describe('when the keys file changes', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  afterAll(() => agent.destroy());

  /** Sends a request on the one connection of the agent. */
  const kept = async (key: string): Promise<number> => {
    const outgoing = request({
      agent,
      port: new URL(gateway.url).port,
      path: '/v2',
      headers: { 'x-api-key': key },
    });
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    incoming.resume();
    await once(incoming, 'close');
    return incoming.statusCode!;
  };

  /** Resolves when the gateway has read what `change` has written. */
  const reloaded = async (change: () => void, text: RegExp): Promise<void> => {
    const from = gateway.logs.length;
    change();
    await gateway.until(() => gateway.logs.slice(from).some(({ msg = '' }) => text.test(msg)));
  };

  it('connections and streams that are open see it with their next request', async () => {
    const removed = file.add('removed');
    await reloaded(() => {}, /: loaded \d+ keys/);
    const [stream, other] = [removed, keys.good].map((key) =>
      client.stream('ModelStreamInfer', { 'x-api-key': key }).send(messageOf('open', oneRow(1))),
    );
    for (const open of [stream!, other!])
      expect(await open.received(1)).toMatchObject([{ error_message: '' }]);
    expect([await kept(removed), await codeOf(removed)]).toEqual([200, 0]);
    const [socket] = Object.values(agent.freeSockets)[0]!;

    let added = '';
    await reloaded(() => {
      file.delete('removed');
      added = file.add('added');
    }, /: loaded \d+ keys/);

    expect([await kept(removed), await kept(added)]).toEqual([401, 200]);
    expect(Object.values(agent.freeSockets)[0]![0]).toBe(socket);
    expect([await codeOf(removed), await codeOf(added)]).toEqual([UNAUTHENTICATED, 0]);
    stream!.send(messageOf('open', oneRow(1)));
    expect((await stream!.ended).code).toBe(UNAUTHENTICATED);
    expect(stream!.answers).toHaveLength(1);
    other!.send(messageOf('open', oneRow(1)));
    expect(await other!.received(2)).toMatchObject([{ error_message: '' }, { error_message: '' }]);
    other!.call.end();
    expect((await other!.ended).code).toBe(0);
  });

  it('a stream has the models and scopes that its key has now', async () => {
    const key = file.add('changed', { models: ['open'] });
    await reloaded(() => {}, /: loaded \d+ keys/);
    const stream = client.stream('ModelStreamInfer', { 'x-api-key': key });
    stream.send(messageOf('open', oneRow(1)), messageOf('theirs', oneRow(1)));
    const errors = () => stream.answers.map(({ error_message }) => error_message as string).toSorted();
    await stream.received(2);
    expect(errors()).toEqual(['', expect.stringContaining("'theirs' not found")]);
    await reloaded(() => file.change('changed', { models: ['theirs'] }), /: loaded \d+ keys/);
    await stream.send(messageOf('theirs', oneRow(1))).received(3);
    expect(errors().filter((error) => error === '')).toHaveLength(2);
    await reloaded(() => file.change('changed', { scopes: ['read'] }), /: loaded \d+ keys/);
    expect((await stream.send(messageOf('theirs', oneRow(1))).ended).code).toBe(7);
  });

  it('a broken edit changes nothing, and the log says why', async () => {
    await reloaded(
      () => writeFileSync(file.path, 'keys: [{ id: good'),
      /the keys of its last correct content stay in use/,
    );
    expect([await statusOf(keys.good), await codeOf(keys.good)]).toEqual([200, 0]);
    expect(await statusOf(newApiKey('good'))).toBe(401);
    await reloaded(() => file.change('good', { disabled: true }), /: loaded \d+ keys/);
    expect([await statusOf(keys.good), await codeOf(keys.good)]).toEqual([401, UNAUTHENTICATED]);
  });
});
