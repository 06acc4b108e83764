import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { ClosedLoop } from '../support/closed-loop';
import { Gateway, Repository } from '../support/gateway';
import { Relay } from '../support/relay';
import { tearDown } from '../support/tear-down';

/** Below the ports that systems give to connections, so that it is free again when the worker restarts. */
const FIXED_PORT = String(20_000 + (process.pid % 10_000));
const CONNECTIONS = 64;

let workerFiles: Repository;
let files: Repository;
let mortal: Gateway;
let second: Gateway;
let third: Gateway;
let relay: Relay;
let gateway: Gateway;
let load: ClosedLoop;

const startMortal = () => Gateway.start(workerFiles, { ...LIMITS, NEXUS_PORT: FIXED_PORT });
const LIMITS = { NEXUS_RATE_LIMIT: '0' };

beforeAll(async () => {
  workerFiles = new Repository().model('double', affine());
  [mortal, second, third] = await Promise.all([
    startMortal(),
    Gateway.start(workerFiles, LIMITS),
    Gateway.start(workerFiles, LIMITS),
  ]);
  relay = await Relay.start(third.url);
  const targets = [mortal, second, relay].map(({ url }) => ({ url }));
  files = new Repository().add(
    'double.yaml',
    JSON.stringify({ targets, remote: { health_interval_ms: 250 } }),
  );
  gateway = await Gateway.start(files, LIMITS);
  load = new ClosedLoop(
    CONNECTIONS,
    gateway.url,
    '/v2/models/double/infer',
    { method: 'POST', body: JSON.stringify(oneRow(1, 2, 3)) },
    ({ status, body }) => status === 200 && body.includes('"data":[3,5,7]'),
  );
});

afterAll(() => tearDown(load, gateway, relay, mortal, second, third, files, workerFiles));

/** A sample of a target, of all outcomes or states together where `label` is absent. */
async function sample(name: string, target: { url: string }, label = ''): Promise<number> {
  const text = await (await gateway.fetch('/metrics')).text();
  const series = `${name}{model="double",version="1",target="${new URL(target.url).host}"${label}`;
  const lines = text.split('\n').filter((line) => line.startsWith(series));
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
}

const attemptsOn = (target: { url: string }) => sample('nexus_target_requests_total', target);
const ejectionsOf = (target: { url: string }) => sample('nexus_target_ejections_total', target);
const isHealthy = async (target: { url: string }) =>
  (await sample('nexus_target_state', target, ',state="healthy"')) === 1;

/** Resolves when a target has answered more requests than now. */
async function getsTraffic(target: { url: string }): Promise<void> {
  const successes = () => sample('nexus_target_requests_total', target, ',outcome="success"');
  const before = await successes();
  while ((await successes()) < before + 20) await load.more(20);
}

/** Resolves when a target has gone out of use, and many requests were answered without it. */
async function getsNoTraffic(target: { url: string }): Promise<void> {
  for (;;) {
    while (await isHealthy(target)) await load.more(1);
    const [ejections, before] = [await ejectionsOf(target), await attemptsOn(target)];
    const wasHealthy = await isHealthy(target);
    await load.more(2 * CONNECTIONS);
    const after = await attemptsOn(target);
    // An ejection can end meanwhile. The next one is twice as long.
    if (wasHealthy || (await isHealthy(target)) || (await ejectionsOf(target)) > ejections) continue;
    expect(after).toBe(before);
    return;
  }
}

it('uses all of its targets', async () => {
  for (const target of [mortal, second, relay]) await getsTraffic(target);
  expect(load.failures).toEqual([]);
});

it('answers every request while a target is killed and another one hangs', async () => {
  mortal.kill('SIGKILL');
  await mortal.exited();
  await getsNoTraffic(mortal);
  second.kill('SIGSTOP');
  await getsNoTraffic(second);
  mortal = await startMortal();
  await getsTraffic(mortal);
  second.kill('SIGCONT');
  await getsTraffic(second);
  expect(load.failures).toEqual([]);
});

it('sends few requests to a slow target, and its share again when it has recovered', async () => {
  // Others take far less, and a health check a second at most.
  relay.delayMs = 900;
  await getsNoTraffic(relay);
  relay.delayMs = 0;
  await getsTraffic(relay);
  expect(load.failures).toEqual([]);
});

it('answers every request while a target restarts in a loop', async () => {
  for (let restart = 0; restart < 2; restart++) {
    await relay.down();
    await load.more(CONNECTIONS);
    await relay.up();
    await getsTraffic(relay);
  }
  expect(load.failures).toEqual([]);
});
