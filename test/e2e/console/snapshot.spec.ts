import type { ConsoleModel, ConsoleSnapshot } from '../../../src/console/console.dto';
import { KeysFile } from '../../fixtures/keys';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { EventReader } from '../support/event-reader';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2);

const named = ({ models }: ConsoleSnapshot, name: string) => models.find(({ model }) => model === name);

describe('the state of the gateway', () => {
  const repository = new Repository()
    .model('affine', affine())
    .model('spare', affine(3))
    .model('broken', Buffer.from('not an ONNX file'));
  const keys = new KeysFile();
  const admin = keys.add('operator', { scopes: ['infer', 'read', 'admin'] });
  const reader = keys.add('reader', { scopes: ['infer', 'read'], models: ['affine'] });
  const user = keys.add('user', { scopes: ['infer'] });
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start(repository, {
      NEXUS_KEYS_FILE: keys.path,
      NEXUS_AUTH: 'on',
      NEXUS_HOST: '127.0.0.1',
      NEXUS_MODEL_CONTROL_MODE: 'explicit',
      NEXUS_LOAD_MODELS: '*',
    });
  });
  afterAll(() => tearDown(gateway, repository, keys));

  const authorization = (key: string) => ({ authorization: `Bearer ${key}` });
  const get = (key: string) => gateway.send('/v1/console', { headers: authorization(key) });
  const post = (path: string, key: string, body: object = {}) =>
    gateway.send(path, { method: 'POST', headers: authorization(key), body: JSON.stringify(body) });

  it('has the models, their rates and latencies, and who uses them', async () => {
    await get(admin);
    for (let sent = 0; sent < 5; sent++) await post('/v2/models/affine/infer', user, x);
    const { status, body } = await get(admin);
    const snapshot = JSON.parse(body.toString()) as ConsoleSnapshot;
    expect(status).toBe(200);
    expect(snapshot.gateway).toMatchObject({ state: 'ready', processes: 1 });
    expect(snapshot.gateway.memory_bytes).toBeGreaterThan(1e6);
    expect(snapshot.models.map(({ model, state }) => [model, state])).toEqual([
      ['affine', 'READY'],
      ['broken', 'UNAVAILABLE'],
      ['spare', 'READY'],
    ]);
    expect(named(snapshot, 'broken')!.reason).not.toBe('');
    const affined = named(snapshot, 'affine') as Required<ConsoleModel>;
    expect(affined).toMatchObject({ requests: 5, traffic: 1, errors: {}, restarts: 0, device: 'cpu' });
    expect(affined.memory_bytes).toBeGreaterThan(1e6);
    expect(affined.requests_per_s).toBeGreaterThan(0);
    expect(affined.latency.p50).toBeGreaterThan(0);
    expect(affined.latency.p99).toBeGreaterThanOrEqual(affined.latency.p50);
    expect(affined.batch_rows).toBe(1);
  });

  it('has the clients of this hour', async () => {
    // They are read every few seconds.
    for (;;) {
      const { usage } = JSON.parse((await get(admin)).body.toString()) as ConsoleSnapshot;
      if (usage.length === 0) continue;
      expect(usage).toMatchObject([{ key: 'user', requests: 5, failed_requests: 0, rows: 5 }]);
      return;
    }
  });

  it('has the last errors, without their contents, and counts repeats', async () => {
    for (let sent = 0; sent < 3; sent++)
      await post('/v2/models/affine/infer', user, { inputs: [{ ...x.inputs[0], data: ['secret', 1] }] });
    const { errors, models } = JSON.parse((await get(admin)).body.toString()) as ConsoleSnapshot;
    const error = errors.find(({ caller }) => caller === 'default/user')!;
    expect(error).toMatchObject({ count: 3, code: 'invalid_input', status: '400', model: 'affine' });
    expect(error.message).not.toContain('secret');
    expect(models.find(({ model }) => model === 'affine')!.errors).toEqual({ invalid: 3 });
  });

  it('shows each caller its own', async () => {
    expect((await get(user)).status).toBe(403);
    expect((await gateway.send('/v1/console')).status).toBe(401);
    await post('/v2/models/spare/infer', reader, x);
    const { status, body } = await get(reader);
    const snapshot = JSON.parse(body.toString()) as ConsoleSnapshot;
    expect(status).toBe(200);
    expect(snapshot.caller).toEqual({ id: 'default/reader', scopes: ['infer', 'read'] });
    expect(snapshot.models.map(({ model }) => model)).toEqual(['affine']);
    expect(snapshot.errors.map(({ caller }) => caller)).toEqual(['default/reader']);
    expect(snapshot.usage).toEqual([]);
  });

  it('streams what changes', async () => {
    await using events = await EventReader.open(gateway.url, '/v1/console/events', authorization(admin));
    const next = async (wanted: (snapshot: ConsoleSnapshot) => boolean) => {
      for (;;) {
        const { data } = await events.next();
        const snapshot = JSON.parse(data) as ConsoleSnapshot;
        if (wanted(snapshot)) return snapshot;
      }
    };
    const first = await events.next();
    expect(first.event).toBe('snapshot');
    expect((JSON.parse(first.data) as ConsoleSnapshot).models).toHaveLength(3);

    await post('/v2/models/missing/infer', admin, x);
    const failed = await next(({ errors }) => errors.length > 0);
    expect(failed.errors).toMatchObject([{ code: 'model_not_found', caller: 'default/operator' }]);
    expect(named(failed, 'broken')).toBeUndefined();

    await post('/v2/repository/models/spare/unload', admin);
    const unloaded = await next(({ removed, models }) => removed.length > 0 || models.length > 0);
    expect([...unloaded.removed, ...unloaded.models.map(({ state }) => state)]).not.toEqual([]);
  });

  it('ends the stream of a key that is disabled', async () => {
    const key = keys.add('leaver', { scopes: ['read'] });
    while ((await get(key)).status !== 200);
    await using events = await EventReader.open(gateway.url, '/v1/console/events', authorization(key));
    keys.change('leaver', { disabled: true });
    await events.ended();
    expect((await get(key)).status).toBe(401);
  });

  it('does not keep the server from ending', async () => {
    await using events = await EventReader.open(gateway.url, '/v1/console/events', authorization(admin));
    await events.next();
    const stopped = gateway.stop();
    await events.ended();
    expect(await stopped).toBe(0);
  });
});

describe('two gateway processes', () => {
  const repository = new Repository().model('affine', affine());
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start(repository, { NEXUS_PROCESSES: '2', NEXUS_ADMIN_PORT: '0' });
  });
  afterAll(() => tearDown(gateway, repository));

  it('have one state, on the admin port only', async () => {
    const admin = /admin on (\S+\d)/.exec(gateway.stderr)![1]!;
    for (let sent = 0; sent < 20; sent++) await gateway.infer('affine', x);
    const snapshot = (await (await fetch(`${admin}/v1/console`)).json()) as ConsoleSnapshot;
    expect(snapshot.gateway.processes).toBe(2);
    expect(snapshot.models).toMatchObject([{ model: 'affine', requests: 20 }]);
    expect((await gateway.fetch('/v1/console')).status).toBe(404);
    const headers = { accept: 'text/html' };
    expect(await (await gateway.fetch('/', { headers })).json()).toEqual({ status: 'alive' });
  });
});
