import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { gone } from '../support/processes';
import { tearDown } from '../support/tear-down';

const BODY = JSON.stringify(oneRow(1, 2));
const RUNNER = 'affine/1';

/** Whether the limits of a process can be changed while it runs. */
const canLimit = spawnSync('prlimit', ['--version']).status === 0;

let repository: Repository;
let gateway: Gateway;
/** A connection that stays open from one request to the next. */
let agent: Agent;
let sockets: Socket[];

beforeEach(() => {
  repository = new Repository().model('affine', affine());
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
  sockets = [];
});
afterEach(async () => {
  agent.destroy();
  sockets.forEach((socket) => socket.destroy());
  await tearDown(gateway, repository);
});

/** Starts a gateway that may have so many files open. */
const start = async (files: number, env = {}) =>
  (gateway = await Gateway.start(repository, env, {
    under: ['sh', '-c', `ulimit -n ${files} && exec "$@"`, 'sh'],
  }));

/** Sends a request over the one connection. */
async function send(path: string, body?: string): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(gateway.url);
  const outgoing = request({ hostname, port, path, agent, method: body === undefined ? 'GET' : 'POST' });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: answer.statusCode!, text: Buffer.concat(await answer.toArray()).toString() };
}

const infer = async () => (await send(`/v2/models/affine/infer`, BODY)).status;

async function metric(name: string): Promise<number> {
  const { text } = await send('/metrics');
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

/** Opens `count` connections to each of HTTP and gRPC, and says nothing on them. Resolves when all are open or refused. */
async function flood(count: number): Promise<void> {
  const targets = [new URL(gateway.url).host, gateway.grpc].map((address) => address.split(':'));
  const opened = targets.flatMap(([host, port]) =>
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), host).on('error', () => {});
      sockets.push(socket);
      await once(socket, 'connect');
    }),
  );
  await Promise.all(opened);
}

const saysOf = (text: RegExp) => () => gateway.logs.some(({ msg }) => text.test(msg ?? ''));

describe('connections up to the limit of open files', () => {
  it('are refused and logged while a new runner can still start', async () => {
    await start(256);
    expect(saysOf(/limit of open files is 256, for up to 160 connections; raise it/)()).toBe(true);
    expect(await infer()).toBe(200);
    await flood(200);
    await gateway.until(saysOf(/connections refused/));
    const [runner] = gateway.runners(RUNNER);
    process.kill(runner!, 'SIGKILL');
    await gone(runner!);
    expect(await infer()).toBe(200);
    while ((await metric('nexus_connections_refused_total')) < 241);
    expect(await metric('nexus_connections')).toBe(160);
  });

  it('end nothing where they may use it up', async () => {
    await start(128, { NEXUS_MAX_CONNECTIONS: '1000' });
    expect(saysOf(/limit of open files is 128, .* leaves too few for runners/)()).toBe(true);
    await flood(150);
    process.kill(gateway.runners(RUNNER)[0]!, 'SIGKILL');
    await gateway.until(saysOf(/restarting a runner/));
    sockets.forEach((socket) => socket.destroy());
    while ((await infer()) !== 200);
    expect(await send('/health/live')).toMatchObject({ status: 200 });
  });

  (canLimit ? it : it.skip)('a runner is started once there is room again', async () => {
    gateway = await Gateway.start(repository);
    expect(await infer()).toBe(200);
    const limit = (files: number) =>
      execFileSync('prlimit', [`--pid=${gateway.pid}`, `--nofile=${files}:`]).toString();
    // What is open stays open; no file more can be.
    limit(8);
    process.kill(gateway.runners(RUNNER)[0]!, 'SIGKILL');
    await gateway.until(saysOf(/restarting a runner, because .*\(EMFILE\); raise the limit of open files/));
    limit(1024);
    while ((await infer()) !== 200);
  });
});
