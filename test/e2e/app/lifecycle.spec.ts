import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { affine, counter, slow } from '../../fixtures/models';
import { countTo, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { allRunnersOf, childrenOf, gone } from '../support/processes';

const STEPS = 500_000;
const DRAINS_LONG = { NEXUS_DRAIN_DELAY_MS: '3600000' };
const x = oneRow(1, 2);

let repository: Repository;
let gateway: Gateway;
beforeEach(() => (repository = new Repository().model('affine', affine())));
afterEach(() => {
  gateway?.kill('SIGKILL');
  repository.remove();
});

/** Starts a gateway with a model that stays LOADING, its runner halted, until `proceed` is called. */
async function loading(): Promise<{ runner: number; proceed: () => void }> {
  gateway = await Gateway.listening(repository.model('slow', slow(STEPS)));
  const [runner] = (await gateway.started('slow/1')) as [number];
  process.kill(runner, 'SIGSTOP');
  return { runner, proceed: () => process.kill(runner, 'SIGCONT') };
}

const statuses = (...paths: string[]) =>
  Promise.all(paths.map(async (path) => (await gateway.send(path)).status));

const HEALTH = [
  '/health/live',
  '/health/startup',
  '/health/ready',
  '/health',
  '/v2/health/live',
  '/v2/health/ready',
];

describe('while a model loads', () => {
  it('the server is alive, not ready, and serves the others', async () => {
    const { proceed } = await loading();
    expect(await statuses(...HEALTH)).toEqual([200, 503, 503, 503, 200, 503]);
    const answer = await gateway.infer('slow', x);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(answer.body.error).toBe("model 'slow' version 1 is not ready: LOADING");
    await gateway.logged(({ msg }) => msg === 'affine/1 is READY');
    expect((await gateway.infer('affine', x)).status).toBe(200);
    proceed();
    await gateway.until(() => gateway.stderr.includes('Docs'));
    expect(await statuses(...HEALTH)).toEqual([200, 200, 200, 200, 200, 200]);
  });

  it('SIGTERM ends the server and the runner', async () => {
    const { runner } = await loading();
    gateway.kill('SIGTERM');
    expect(await gateway.exited()).toBe(0);
    await gone(runner);
  });
});

describe('after SIGTERM', () => {
  it('the server is not ready, but serves on for the drain delay; a second signal ends it', async () => {
    gateway = await Gateway.start(repository, DRAINS_LONG);
    gateway.kill('SIGTERM');
    await gateway.draining();
    expect(await statuses(...HEALTH)).toEqual([200, 200, 503, 503, 200, 503]);
    expect((await gateway.send('/v2/health/ready')).json().error).toMatch(/shutting down/);
    expect((await gateway.infer('affine', x)).status).toBe(200);
    const runners = gateway.runners('affine/1');
    const ended = gateway.exited();
    // A signal soon after the first is taken for the same one, sent twice.
    const insisting = setInterval(() => gateway.kill('SIGTERM'), 50);
    expect(await ended).toBe(143);
    clearInterval(insisting);
    await gone(...runners);
  });

  it.each([
    ['the gateway alone', () => []],
    [
      'all of its processes, as systemd sends it',
      (pid: number) => [...childrenOf(pid), ...allRunnersOf(pid)],
    ],
  ])(
    'what is in flight is finished, and connections kept alive do not delay the end: %s',
    async (_, others) => {
      gateway = await Gateway.start(repository.model('counter', counter()));
      await (await gateway.fetch('/v2')).text();
      const inFlight = gateway.infer('counter', countTo(1e6));
      await gateway.running('counter');
      for (const pid of others(gateway.pid)) process.kill(pid, 'SIGTERM');
      gateway.kill('SIGTERM');
      await gateway.draining();
      const { status, body } = await inFlight;
      expect([status, body.outputs[0].data]).toEqual([200, [1e6]]);
      expect(await gateway.exited()).toBe(0);
    },
  );

  it('connections on which nothing, or half of something, has come do not delay the end', async () => {
    gateway = await Gateway.start(repository, { NEXUS_REQUEST_TIMEOUT_MS: '1000' });
    const { hostname, port } = new URL(gateway.url);
    const texts = [
      '',
      'GET /v2 HTT',
      'POST /v2/models/affine/infer HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{',
    ];
    const sockets = texts.map(() => connect(Number(port), hostname).on('error', () => {}));
    for (const [index, socket] of sockets.entries())
      await new Promise<void>((resolve) => socket.write(texts[index]!, () => resolve()));
    // Connections are accepted in their order, so these are with the server when another has been served.
    await gateway.send('/v2');
    gateway.kill('SIGTERM');
    expect(await gateway.exited()).toBe(0);
    for (const socket of sockets) socket.destroy();
  });

  it('a client that left before its answer does not delay the end', async () => {
    gateway = await Gateway.start(repository.model('counter', counter()));
    const { hostname, port } = new URL(gateway.url);
    const silent = connect(Number(port), hostname).on('error', () => {});
    const body = JSON.stringify(countTo(1e6));
    const head = `POST /v2/models/counter/infer HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`;
    const leaving = connect(Number(port), hostname);
    leaving.write(head + body);
    await gateway.running('counter');
    leaving.destroy();
    await gateway.running('counter', 0);
    gateway.kill('SIGTERM');
    expect(await gateway.exited()).toBe(0);
    silent.destroy();
  });

  it('nothing is left in the temporary folder, telemetry of ONNX Runtime least of all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nexus-tmp-'));
    gateway = await Gateway.start(repository, { TMPDIR: folder });
    expect((await gateway.infer('affine', x)).status).toBe(200);
    await gateway.stop();
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('Ctrl-C ends the server without a delay', async () => {
    gateway = await Gateway.start(repository, DRAINS_LONG);
    gateway.kill('SIGINT');
    expect(await gateway.exited()).toBe(0);
  });
});

describe('a start that cannot succeed', () => {
  const CASES: [what: string, env: Record<string, string>, line: RegExp][] = [
    [
      'a bad number',
      { NEXUS_PORT: 'http' },
      /^NEXUS_PORT=http: expected a whole number from 0 to 65535; unset it to use the default, 8000$/,
    ],
    [
      'a bad size',
      { NEXUS_BODY_LIMIT: '64MB' },
      /^NEXUS_BODY_LIMIT=64MB: expected a number of bytes .*, such as .*; unset it/,
    ],
    ['an unknown setting', { NEXUS_PROT: '1' }, /^NEXUS_PROT: unknown setting; did you mean NEXUS_PORT\?$/],
    [
      'a missing folder',
      { NEXUS_MODEL_REPOSITORY: '/nowhere' },
      /^NEXUS_MODEL_REPOSITORY=\/nowhere: expected existing folders of models/,
    ],
    [
      'a model that is not there',
      { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: 'affine,none' },
      /^NEXUS_LOAD_MODELS=affine,none: the model repository has no model 'none'; it has affine$/,
    ],
    [
      'a strange address',
      { NEXUS_HOST: '203.0.113.1', NEXUS_AUTH: 'off' },
      /^NEXUS_HOST=203\.0\.113\.1: this machine does not have that address; set 127/,
    ],
  ];

  it.each(CASES)('says why in one line: %s', async (_what, env, line) => {
    const { code, stderr } = await Gateway.failing(env, env.NEXUS_MODEL_REPOSITORY ?? repository);
    expect(stderr.trimEnd()).toMatch(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  });

  it('says why in one line: a taken port', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { code, stderr, logs } = await Gateway.failing({ NEXUS_PORT: String(port) }, repository);
    taken.close();
    expect(JSON.stringify(logs)).not.toContain('EADDRINUSE');
    expect(stderr).toBe(
      `NEXUS_PORT=${port}: the port is already in use on 127.0.0.1; stop the process that uses it, or set another port\n`,
    );
    expect(code).toBe(1);
  });
});
