import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { ProcessConnection } from '../support/connections';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import type { Answer } from '../support/http';
import { childrenOf, gone, runnersOf } from '../support/processes';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2);
const TWO = { NEXUS_PROCESSES: '2' };

describe('two processes', () => {
  const repository = new Repository()
    .model('affine', affine())
    .model('limited', affine(), 'limits: { rows_per_day: 10 }\n')
    .model('spare', affine(3));
  const shared = new Repository().add('region', Buffer.from(new Float32Array([1, 2]).buffer));
  let gateway: Gateway;
  let one: ProcessConnection;
  let other: ProcessConnection;
  const connect = async () => {
    const [first, second] = childrenOf(gateway.pid) as [number, number];
    [one, other] = [await ProcessConnection.to(gateway, first), await ProcessConnection.to(gateway, second)];
  };
  beforeAll(async () => {
    gateway = await Gateway.start(repository, {
      ...TWO,
      NEXUS_MODEL_CONTROL_MODE: 'explicit',
      NEXUS_LOAD_MODELS: 'affine,limited',
      NEXUS_SYSTEM_SHARED_MEMORY: shared.path,
    });
    await connect();
  });
  afterAll(() => tearDown(one, other, gateway, repository, shared));

  const infer = (to: ProcessConnection, model: string, body: object = x, headers = {}) =>
    to.post(`/v2/models/${model}/infer`, body, headers);
  const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status);

  it('print one banner, and both serve', async () => {
    expect(gateway.stderr.match(/is listening/g)).toHaveLength(1);
    expect(gateway.stderr.match(/Docs/g)).toHaveLength(1);
    expect(childrenOf(gateway.pid)).toHaveLength(2);
    expect(statuses([await infer(one, 'affine'), await infer(other, 'affine')])).toEqual([200, 200]);
  });

  it('enforce a limit together', async () => {
    const row = { id: 'a', ...x };
    const answers: Answer[] = [];
    for (let sent = 0; sent < 6; sent++)
      answers.push(await infer(one, 'limited', row), await infer(other, 'limited', row));
    expect(statuses(answers)).toEqual([...Array<number>(10).fill(200), 429, 429]);
  });

  it('replay a response of one in the other', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await infer(one, 'affine', x, headers);
    const second = await infer(other, 'affine', x, headers);
    expect([first.headers['idempotency-replayed'], second.headers['idempotency-replayed']]).toEqual([
      undefined,
      'true',
    ]);
    expect(second.json()).toEqual(first.json());
    expect((await infer(other, 'affine', oneRow(3, 4), headers)).status).toBe(422);
  });

  it('load and unload a model in both, over REST and gRPC', async () => {
    const client = new GrpcClient(gateway.grpc, 'inference.GRPCInferenceService');
    expect((await one.post('/v2/repository/models/spare/load')).status).toBe(200);
    expect(statuses([await infer(one, 'spare'), await infer(other, 'spare')])).toEqual([200, 200]);
    const { error } = await client.call('RepositoryModelUnload', { model_name: 'spare' });
    expect(error).toBeUndefined();
    expect(statuses([await infer(one, 'spare'), await infer(other, 'spare')])).toEqual([404, 404]);
    client.close();
  });

  it('change nothing when a load fails, and say why', async () => {
    const answer = await other.post('/v2/repository/models/nowhere/load');
    expect([answer.status, answer.json().error]).toEqual([404, expect.stringContaining("'nowhere'")]);
  });

  it('have the same aliases and traffic', async () => {
    const set = await one.send('/v1/models/affine/aliases/stable', {
      method: 'PUT',
      body: JSON.stringify({ version: '1' }),
    });
    expect(set.json()).toEqual({ model: 'affine', alias: 'stable', before: null, after: '1' });
    const removed = await other.send('/v1/models/affine/aliases/stable', { method: 'DELETE' });
    expect(removed.json()).toEqual({ model: 'affine', alias: 'stable', before: '1', after: null });
    expect((await one.send('/v1/models/affine/aliases')).json().aliases).toEqual({});
  });

  it('have the same log and trace settings', async () => {
    await one.post('/v2/logging', { log_verbose_level: 1 });
    expect((await other.send('/v2/logging')).json().log_verbose_level).toBe(1);
    await other.post('/v2/logging', { log_verbose_level: 0 });
    await other.post('/v2/trace/setting', { trace_level: ['TIMESTAMPS'], trace_rate: '1', trace_count: '3' });
    expect((await one.send('/v2/trace/setting')).json()).toMatchObject({ trace_count: '3' });
    for (let sent = 0; sent < 3; sent++)
      expect(statuses([await infer(one, 'affine'), await infer(other, 'affine')])).toEqual([200, 200]);
    expect((await other.send('/v2/trace/setting')).json()).toMatchObject({ trace_count: '0' });
    await gateway.until(() => gateway.logs.filter(({ msg }) => msg === 'trace').length === 3);
    await one.post('/v2/trace/setting', { trace_level: ['OFF'], trace_count: null });
  });

  it('sum statistics, metrics and usage', async () => {
    const count = async (from: ProcessConnection) => {
      const stats = (await from.send('/v2/models/affine/stats')).json().model_stats[0];
      const metrics = (await from.send('/metrics')).body.toString();
      const usage = (await from.send('/v1/usage?model=affine')).json().data[0];
      return [
        stats.inference_stats.success.count,
        stats.inference_count,
        Number(/^nexus_inference_rows_total\{model="affine",version="1"\} (\d+)/m.exec(metrics)![1]),
        usage.requests,
        Number(/^nexus_processes (\d+)/m.exec(metrics)![1]),
        /^nexus_build_info\{.*\} (\d+)/m.exec(metrics)![1],
      ];
    };
    const before = await count(one);
    await infer(one, 'affine');
    await infer(other, 'affine');
    const after = before.map((value, index) => (index < 4 ? Number(value) + 2 : value));
    expect([await count(one), await count(other)]).toEqual([after, after]);
    expect(before.slice(4)).toEqual([2, '1']);
  });

  it('replace one that is killed, with the state of the other', async () => {
    const body = { key: 'region', byte_size: 8 };
    await one.post('/v2/repository/models/spare/load');
    await one.post('/v2/systemsharedmemory/region/r/register', body);
    await one.post('/v2/logging', { log_verbose_level: 1 });
    const metric = 'nexus_inference_rows_total{model="affine",version="1"}';
    const rows = await gateway.metric(metric);
    const [killed, survivor] = childrenOf(gateway.pid) as [number, number];
    one.close();
    other.close();
    const kept = await ProcessConnection.to(gateway, survivor);
    process.kill(killed, 'SIGKILL');
    await gateway.logged(({ msg }) => msg?.startsWith('process ') ?? false);
    await gone(killed);
    expect((await infer(kept, 'affine')).status).toBe(200);
    kept.close();
    // Two requests to /metrics, because the first one may be the last of the process that was killed.
    await gateway.reached('nexus_processes', 2);
    await gateway.reached('nexus_process_restarts_total', 1);
    await gateway.reached(metric, rows! + 1);
    expect(childrenOf(gateway.pid)).toContain(survivor);
    await gateway.until(() => gateway.logs.filter(({ msg }) => msg === 'spare/1 is READY').length >= 4);
    await connectWhenBothListen();
    for (const each of [one, other]) {
      expect((await infer(each, 'spare')).status).toBe(200);
      expect((await each.send('/v2/systemsharedmemory/region/r/status')).json()).toMatchObject([body]);
      expect((await each.send('/v2/logging')).json().log_verbose_level).toBe(1);
    }
  });

  /** Connects to both processes. One that has just started is not reached before it listens. */
  async function connectWhenBothListen(): Promise<void> {
    for (;;)
      try {
        return await connect();
      } catch (error) {
        if (!String(error).includes('connections reached')) throw error;
      }
  }

  it('end when the primary process is killed', async () => {
    const pids = childrenOf(gateway.pid);
    gateway.kill('SIGKILL');
    await gone(...pids);
    expect(pids).toHaveLength(2);
  });
});

describe('a process that is killed while the others start', () => {
  const repository = new Repository().model('affine', affine());
  afterAll(() => repository.remove());

  it('is replaced, and a signal meanwhile ends all with code 0', async () => {
    const gateway = await Gateway.listening(repository, TWO);
    process.kill(childrenOf(gateway.pid)[0]!, 'SIGKILL');
    const { msg } = await gateway.logged((line) => line.context === 'Processes');
    expect(msg).toBe('process 0 was ended by SIGKILL; it is replaced in 100 ms');
    await gateway.until(() => gateway.stderr.includes('Docs'));
    expect(gateway.stderr.match(/is listening/g)).toHaveLength(1);
    const [killed] = childrenOf(gateway.pid);
    process.kill(killed!, 'SIGKILL');
    await gateway.until(() => gateway.logs.filter(({ context }) => context === 'Processes').length === 2);
    gateway.kill('SIGTERM');
    expect(await gateway.exited()).toBe(0);
  });
});

describe('one drain', () => {
  const repository = new Repository().model('affine', affine());
  afterAll(() => repository.remove());

  it('of all processes: requests in flight complete, and the exit code is 0', async () => {
    const gateway = await Gateway.start(repository, TWO);
    const pids = childrenOf(gateway.pid);
    const runners = pids.flatMap((pid) => runnersOf(pid, 'affine/1'));
    const connections = await Promise.all(pids.map((pid) => ProcessConnection.to(gateway, pid)));
    for (const runner of runners) process.kill(runner, 'SIGSTOP');
    const answers = connections.map((each) => each.post('/v2/models/affine/infer', x));
    await gateway.running('affine', 2);
    gateway.kill('SIGTERM');
    const draining = () => gateway.logs.filter(({ msg }) => msg?.startsWith('shutting down'));
    await gateway.until(() => draining().length === 2);
    for (const runner of runners) process.kill(runner, 'SIGCONT');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
    expect(await gateway.exited()).toBe(0);
    expect(runners).toHaveLength(2);
  });
});

describe('two processes whose log has no reader any more', () => {
  const repository = new Repository();
  afterAll(() => repository.remove());

  it('serve, and end when they are told to', async () => {
    const under = ['bash', '-c', 'exec "$@" > >(head -c 1 > /dev/null)', 'bash'];
    const gateway = await Gateway.start(repository, TWO, { under });
    // More lines than pipes hold.
    const path = `/v2/models/${'x'.repeat(200)}`;
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(Array.from({ length: 40 }, () => gateway.send(path)));
      expect(answers.every(({ status }) => status === 404)).toBe(true);
    }
    gateway.kill('SIGTERM');
    expect(await gateway.exited()).toBe(0);
  });
});

describe('a start that fails', () => {
  it('prints the reason once and exits with code 1', async () => {
    const occupied = createServer().listen(0, '127.0.0.1');
    await once(occupied, 'listening');
    const { port } = occupied.address() as AddressInfo;
    const used = await Gateway.failing({ ...TWO, NEXUS_PORT: String(port) });
    expect([used.code, used.stderr]).toEqual([
      1,
      `NEXUS_PORT=${port}: the port is already in use on 127.0.0.1; stop the process that uses it, or set another port\n`,
    ]);
    occupied.close();
  });

  it('checks the settings before it starts a process', async () => {
    const bad = await Gateway.failing({ NEXUS_PROCESSES: '0' });
    expect([bad.code, bad.stderr]).toEqual([
      1,
      'NEXUS_PROCESSES=0: expected a whole number from 1 to 64; unset it to use the default, 1\n',
    ]);
  });
});
