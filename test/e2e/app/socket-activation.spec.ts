import net from 'node:net';
import { affine } from '../../fixtures/models';
import { messageOf, oneRow } from '../../fixtures/requests';
import { ClosedLoop } from '../support/closed-loop';
import { Gateway, Repository, type Launch } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { send } from '../support/http';
import { tearDown } from '../support/tear-down';

/** A socket that is bound, and listens once a process that has it says so. */
interface Bound {
  readonly fd: number;
  getsockname(to: { port?: number }): void;
  close(): void;
}

/** Opens a socket that this process accepts no connections of, as systemd does. Node does not document how. */
function bind(host: string): Bound {
  const open = Reflect.get(net, '_createServerHandle') as (host: string, port: number, family: 4) => Bound;
  return open(host, 0, 4);
}

function portOf(socket: Bound): number {
  const address: { port?: number } = {};
  socket.getsockname(address);
  return address.port!;
}

/** Starts a process with sockets, as sd_listen_fds(3) describes. */
function withSockets(...sockets: readonly Bound[]): Launch {
  const under = ['sh', '-c', `LISTEN_PID=$$ LISTEN_FDS=${sockets.length} exec "$@"`, 'sh'];
  return { under, descriptors: sockets.map(({ fd }) => fd) };
}

const repository = new Repository().model('affine', affine());
const body = JSON.stringify(oneRow(1, 2));
const path = '/v2/models/affine/infer';
let sockets: Bound[];
let gateway: Gateway | undefined;

beforeEach(() => (sockets = []));
afterEach(() => {
  gateway?.kill('SIGKILL');
  sockets.forEach((socket) => socket.close());
});
afterAll(() => tearDown(repository));

const opened = (host = '127.0.0.1') => {
  const socket = bind(host);
  sockets.push(socket);
  return socket;
};

it('connections to the sockets of systemd wait while the gateway restarts', async () => {
  const [http, grpc] = [opened(), opened()];
  const url = `http://127.0.0.1:${portOf(http)}`;
  const start = () => Gateway.start(repository, { LISTEN_FDNAMES: 'http:grpc' }, withSockets(http, grpc));
  gateway = await start();
  expect([gateway.url, gateway.grpc]).toEqual([url, `127.0.0.1:${portOf(grpc)}`]);
  const load = new ClosedLoop(2, url, path, { method: 'POST', body }, ({ status }) => status === 200);
  await load.more(10);
  expect(await gateway.stop()).toBe(0);
  // Nothing accepts them now.
  const waiting = send(url, path, { method: 'POST', body });
  const caller = new GrpcClient(`127.0.0.1:${portOf(grpc)}`);
  const called = caller.call('ModelInfer', messageOf('affine', oneRow(1, 2)));
  gateway = await start();
  expect((await waiting).status).toBe(200);
  expect((await called).error).toBeUndefined();
  await load.more(10);
  await load.stop();
  caller.close();
  expect(load.failures).toEqual([]);
  expect(await gateway.stop()).toBe(0);
});

it.each([
  [
    'a name that is no server',
    '127.0.0.1',
    { LISTEN_FDNAMES: 'nexus.socket' },
    'LISTEN_FDNAMES=nexus.socket',
  ],
  ['several processes', '127.0.0.1', { LISTEN_FDNAMES: 'http', NEXUS_PROCESSES: '2' }, 'NEXUS_PROCESSES=2'],
  [
    'an address that others reach, unknown to the settings',
    '0.0.0.0',
    { LISTEN_FDNAMES: 'http' },
    'NEXUS_HOST=127.0.0.1: the socket that systemd has passed listens on 0.0.0.0',
  ],
  ['a socket of a port that is off', '127.0.0.1', { LISTEN_FDNAMES: 'admin' }, 'NEXUS_ADMIN_PORT: expected'],
])('the gateway does not start with %s', async (_what, host, env, reason) => {
  gateway = Gateway.launch(repository, env, withSockets(opened(host)));
  expect(await gateway.exited()).toBe(1);
  expect(gateway.stderr).toContain(reason);
  expect(gateway.stderr.trim().split('\n')).toHaveLength(1);
});
