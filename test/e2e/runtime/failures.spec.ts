import { setTimeout as delay } from 'node:timers/promises';
import { affine, counter, lookup } from '../../fixtures/models';
import { countTo, int64, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { allRunnersOf, gone, guardOf, isAlive, spawnerOf } from '../support/processes';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

/** For gateways that are killed with all that they have started. */
const small = new Repository().model('affine', affine()).model('counter', counter());

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine())
    .model('lookup', lookup())
    .model('counter', counter(), 'timeout_ms: 1000\n')
    .model('narrow', counter(), 'max_queue_rows: 2\nmax_batch_rows: 1\ntimeout_ms: 60000\n')
    .model('light', counter(), 'max_queue_bytes: 8\nmax_batch_rows: 1\n')
    .model('doomed', affine());
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository, small));

const x = oneRow(1, 2);

/** Enough steps to keep a runner busy for seconds. */
const FOR_LONG = 1e12;
describe('when things go wrong', () => {
  it('loses no request when a runner is killed under the load of 64 connections', async () => {
    let answered = 0;
    let killed = false;
    const statuses = new Map<number, number>();
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        while (answered < 2000) {
          const { status } = await gateway.infer('affine', x);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (++answered < 500 || killed) continue;
          killed = true;
          process.kill(gateway.runners('affine/1')[0]!, 'SIGKILL');
        }
      }),
    );
    expect([...statuses.keys()]).toEqual([200]);
    expect(killed).toBe(true);
    expect(await gateway.metric('nexus_runner_restarts_total{model="affine",version="1"}')).toBe(1);
  });

  it('ends a run that hangs, answers its companions, and serves on', async () => {
    const hanging = gateway.infer('counter', countTo(FOR_LONG));
    const companions = [1, 2, 3].map((value) => gateway.infer('counter', countTo(value)));
    const { status, body } = await hanging;
    expect(status).toBe(504);
    expect(body.error).toMatch(/exceeded its limit of 1000 ms .*timeout_ms/);
    for (const companion of await Promise.all(companions)) expect(companion.status).toBe(200);
  });

  it('answers health while a model is busy', async () => {
    const busy = gateway.infer('counter', countTo(FOR_LONG));
    expect((await gateway.fetch('/health/live')).status).toBe(200);
    expect((await gateway.infer('affine', x)).status).toBe(200);
    await busy;
  });

  it('answers 429 with Retry-After when the queue is full of rows', async () => {
    const proceed = gateway.halt('narrow');
    const busy = gateway.infer('narrow', countTo(1));
    await gateway.running('narrow');
    const waiting = [gateway.infer('narrow', countTo(1)), gateway.infer('narrow', countTo(1))];
    await queued(2);
    const full = await gateway.infer('narrow', countTo(1));
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '1']);
    expect(full.body.error).toMatch(/queue of model 'narrow' is full \(2 of 2 rows queued\)/);
    proceed();
    for (const { status } of await Promise.all([busy, ...waiting])) expect(status).toBe(200);
  });

  it('answers 429 when the queue is full of bytes', async () => {
    const proceed = gateway.halt('light');
    const busy = gateway.infer('light', countTo(1));
    await gateway.running('light');
    const waiting = gateway.infer('light', countTo(1));
    await gateway.queued('light', 1);
    const full = await gateway.infer('light', countTo(1));
    expect([full.status, full.body.error]).toEqual([
      429,
      expect.stringMatching(/full \(8 of 8 bytes queued\)/),
    ]);
    proceed();
    expect([(await waiting).status, (await busy).status]).toEqual([200, 200]);
  });

  it.each([
    ['header', { 'x-request-timeout': '20' }, countTo(1)],
    ['parameter', {}, { ...countTo(1), parameters: { timeout: 20_000 } }],
  ])('answers 504 when the deadline of the %s passes in the queue', async (_where, headers, request) => {
    const proceed = gateway.halt('narrow');
    const busy = gateway.infer('narrow', countTo(1));
    await gateway.running('narrow');
    const body = JSON.stringify(request);
    const late = await gateway.send('/v2/models/narrow/infer', { method: 'POST', headers, body });
    expect([late.status, late.json().error]).toEqual([
      504,
      expect.stringMatching(/deadline of the request passed/),
    ]);
    proceed();
    expect((await busy).status).toBe(200);
  });

  it('does not run requests whose client has left', async () => {
    const before = await gateway.metric('nexus_inference_executions_total{model="narrow",version="1"}');
    const proceed = gateway.halt('narrow');
    const busy = gateway.infer('narrow', countTo(1));
    await gateway.running('narrow');
    const leaving = new AbortController();
    const headers = { 'x-request-id': 'left' };
    const init = { method: 'POST', headers, body: JSON.stringify(countTo(1)), signal: leaving.signal };
    const left = gateway.fetch('/v2/models/narrow/infer', init).catch((error: Error) => error.name);
    await queued(1);
    leaving.abort();
    expect(await left).toBe('AbortError');
    await gateway.logged(({ requestId }) => requestId === 'left');
    proceed();
    expect((await busy).status).toBe(200);
    expect(await gateway.metric('nexus_queue_requests{model="narrow",version="1"}')).toBe(0);
    expect(await gateway.metric('nexus_inference_executions_total{model="narrow",version="1"}')).toBe(
      before! + 1,
    );
  });

  it('counts and logs a request whose client has left before the answer', async () => {
    const leaving = new AbortController();
    const rows = 10_000;
    const init = {
      method: 'POST',
      headers: { 'x-request-id': 'gone' },
      body: JSON.stringify({
        inputs: [int64('count', [rows], Array<number>(rows).fill(FOR_LONG))],
        parameters: { binary_data_output: true },
      }),
      signal: leaving.signal,
    };
    const left = gateway.fetch('/v2/models/counter/infer', init).catch((error: Error) => error.name);
    await gateway.running('counter');
    leaving.abort();
    expect(await left).toBe('AbortError');
    const line = () => gateway.logs.find(({ requestId }) => requestId === 'gone');
    await gateway.until(() => line() !== undefined);
    expect(line()).toMatchObject({ route: '/v2/models/:model/infer', status: 499 });
    await gateway.running('counter', 0);
    expect(
      await gateway.metric(
        'nexus_http_requests_total{method="POST",route="/v2/models/:model/infer",code="499"}',
      ),
    ).toBe(2);
  });

  it('makes a model whose runners die again and again UNAVAILABLE, and nothing else', async () => {
    for (let death = 1; death <= 5; death++) {
      const [pid] = await runner('doomed/1');
      process.kill(pid!, 'SIGKILL');
      await gateway.until(() => !isAlive(pid!));
    }
    await gateway.logged(({ msg }) => /doomed\/1 is UNAVAILABLE: 5 runners died/.test(msg ?? ''));
    const { status, body, headers } = await gateway.infer('doomed', x);
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(body.error).toMatch(/UNAVAILABLE, 5 runners died within a minute, .*SIGKILL/);
    const { details } = (await gateway.send('/health')).json();
    expect(details.doomed.status).toBe('degraded');
    expect((await gateway.fetch('/health/ready')).status).toBe(200);
    expect((await gateway.fetch('/health/live')).status).toBe(200);
    expect((await gateway.infer('affine', x)).status).toBe(200);
  });

  it('loses no request when the process that starts runners is killed', async () => {
    const spawner = spawnerOf(gateway.pid);
    const runners = gateway.runners('affine/1');
    const statuses: number[] = [];
    for (let index = 0; index < 200; index++) {
      if (index === 100) process.kill(spawner!, 'SIGKILL');
      statuses.push((await gateway.infer('affine', x)).status);
    }
    expect(new Set(statuses)).toEqual(new Set([200]));
    await gone(...runners);
    expect(await gateway.started('affine/1')).toHaveLength(1);
  });

  it('does not hold it against the models when the process that starts runners is killed again and again', async () => {
    const other = await Gateway.start(small);
    const killed = new Set<number>();
    while (killed.size < 6) {
      const spawner = spawnerOf(other.pid);
      if (spawner === undefined || killed.has(spawner)) await delay(5);
      else process.kill(spawner, 'SIGKILL');
      if (spawner !== undefined) killed.add(spawner);
    }
    expect((await other.infer('affine', x)).status).toBe(200);
    expect(other.logs.filter(({ msg }) => msg?.includes('UNAVAILABLE'))).toEqual([]);
    await other.stop();
  });

  it('leaves nothing behind when the gateway is killed while the process that starts runners is halted', async () => {
    const other = await Gateway.start(small);
    const spawner = spawnerOf(other.pid);
    const runners = allRunnersOf(other.pid);
    expect(runners).toHaveLength(2);
    // A guard that has ended is replaced.
    const guard = await guardOf(spawner!);
    process.kill(guard, 'SIGKILL');
    await gone(guard);
    const pids = [spawner!, ...runners, await guardOf(spawner!)];
    void other.infer('counter', countTo(FOR_LONG)).catch(() => {});
    await other.running('counter');
    process.kill(spawner!, 'SIGSTOP');
    other.kill('SIGKILL');
    await other.exited();
    await gone(...pids);
  });

  it('leaves no runner behind when the gateway is killed', async () => {
    const other = await Gateway.start(small);
    const pids = ['affine/1', 'counter/1'].flatMap((label) => other.runners(label));
    expect(pids).toHaveLength(2);
    void other.infer('counter', countTo(FOR_LONG)).catch(() => {});
    await other.running('counter');
    other.kill('SIGKILL');
    await other.exited();
    await gone(...pids);
  });

  /** Resolves when `requests` wait for `narrow`. */
  const queued = (requests: number) => gateway.queued('narrow', requests);

  /** The process ids of a model's runners, once there is one. */
  async function runner(label: string): Promise<number[]> {
    for (;;) {
      const pids = gateway.runners(label);
      if (pids.length > 0 && (await gateway.infer(label.split('/')[0]!, x)).status === 200)
        return gateway.runners(label);
      await delay(20);
    }
  }
});
