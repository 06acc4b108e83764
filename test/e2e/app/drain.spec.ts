import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { affine, counter, wide } from '../../fixtures/models';
import { countTo, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { allRunnersOf, childrenOf, isAlive } from '../support/processes';

const x = JSON.stringify(oneRow(1, 2));

let repository: Repository;
let gateway: Gateway;
beforeEach(() => (repository = new Repository().model('affine', affine())));
afterEach(() => {
  gateway.kill('SIGKILL');
  repository.remove();
});

const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const infer = post('/v2/models/affine/infer', x);

/** A connection to HTTP, and how to read it. */
class Connection {
  readonly socket: Socket;
  received = '';
  error: Error | undefined;
  private readonly ended: Promise<unknown>;

  constructor() {
    const { hostname, port } = new URL(gateway.url);
    this.socket = connect(Number(port), hostname);
    this.socket.setEncoding('latin1').on('data', (text: string) => (this.received += text));
    this.socket.on('error', (error) => (this.error = error));
    this.ended = once(this.socket, 'close');
  }

  /** Resolves when what was received matches `text`. */
  async until(text: RegExp): Promise<void> {
    while (!text.test(this.received)) await Promise.race([once(this.socket, 'data'), this.ended]);
  }

  /** Resolves when the server has closed the connection. @throws the error with which it ended */
  async closed(): Promise<string> {
    await this.ended;
    if (this.error !== undefined) throw this.error;
    return this.received;
  }
}

describe('after SIGTERM', () => {
  it('a client that keeps sending gets responses with Connection: close and is not reset', async () => {
    gateway = await Gateway.start(repository);
    const connection = new Connection();
    // Always one more than has been answered.
    connection.socket.write(infer);
    connection.socket.on('data', () => connection.socket.write(infer));
    await connection.until(/HTTP\/1.1 200/);
    gateway.kill('SIGTERM');
    const received = await connection.closed();
    const answers = received.split('HTTP/1.1 ').slice(1);
    expect(answers.filter((answer) => !answer.startsWith('200 '))).toEqual([]);
    expect(answers.slice(0, -1).filter((answer) => /^connection: close/im.test(answer))).toEqual([]);
    expect(answers.at(-1)).toMatch(/^connection: close\r\n[^]*"data":\[3,5\]/im);
    expect(await gateway.exited()).toBe(0);
  });

  it('a body that is coming is waited for and answered', async () => {
    gateway = await Gateway.start(repository);
    const connection = new Connection();
    const middle = infer.length - 20;
    connection.socket.write(infer.slice(0, middle));
    // Connections are served in their order.
    await gateway.send('/v2');
    gateway.kill('SIGTERM');
    await gateway.draining();
    connection.socket.write(infer.slice(middle));
    expect(await connection.closed()).toMatch(/^HTTP\/1.1 200 [^]*connection: close\r\n[^]*"data":\[3,5\]/i);
    expect(await gateway.exited()).toBe(0);
  });

  it('a body that does not come to its end is answered before the connection is closed', async () => {
    gateway = await Gateway.start(repository);
    const connection = new Connection();
    connection.socket.write(infer.slice(0, -1));
    await gateway.send('/v2');
    gateway.kill('SIGTERM');
    expect(await connection.closed()).toMatch(
      /^HTTP\/1.1 503 [^]*connection: close\r\n[^]*retry-after: 1\r\n[^]*the server is shutting down/i,
    );
    expect(await gateway.exited()).toBe(0);
  });

  it('a large answer is read to its end, however late', async () => {
    gateway = await Gateway.start(repository.model('wide', wide()));
    const body = JSON.stringify({ ...countTo(4e6), parameters: { binary_data_output: true } });
    const connection = new Connection();
    connection.socket.pause();
    connection.socket.write(post('/v2/models/wide/infer', body) + infer);
    await gateway.reached('nexus_inference_executions_total{model="wide",version="1"}', 1);
    gateway.kill('SIGTERM');
    await gateway.draining();
    connection.socket.resume();
    expect((await connection.closed()).length).toBeGreaterThan(16e6);
    expect(await gateway.exited()).toBe(0);
  });
});

describe('a signal while the gateway starts', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends it in order, and leaves nothing behind: %s',
    async (signal) => {
      gateway = Gateway.launch(repository);
      // The first thing that can be seen of it from outside, long before it listens.
      while (childrenOf(gateway.pid).length === 0) await new Promise(setImmediate);
      const pids = [...childrenOf(gateway.pid), ...allRunnersOf(gateway.pid)];
      gateway.kill(signal);
      expect(await gateway.exited()).toBe(0);
      while (pids.some(isAlive)) await new Promise(setImmediate);
    },
  );
});

describe('an unhandled error', () => {
  /** A gateway in which SIGUSR2 runs `code`. */
  const withFault = (code: string) => {
    const path = join(repository.path, 'fault.cjs');
    writeFileSync(path, `process.on('SIGUSR2', () => { ${code} });`);
    return Gateway.start(repository.model('counter', counter()), { NODE_OPTIONS: `--require ${path}` });
  };
  const logged = () => gateway.logs.filter(({ msg }) => msg?.startsWith('unhandled error'));

  it.each([
    ['thrown', `throw new TypeError('boom')`],
    ['of a rejected promise', `Promise.reject(new TypeError('boom'))`],
  ])(
    'ends the process with exit code 1 when it may be anything, once requests are answered: %s',
    async (_how, code) => {
      gateway = await withFault(code);
      const inFlight = gateway.infer('counter', countTo(1e5));
      await gateway.running('counter');
      gateway.kill('SIGUSR2');
      expect((await inFlight).status).toBe(200);
      expect(await gateway.exited()).toBe(1);
      expect(logged()).toMatchObject([{ level: 60, err: { type: 'TypeError', message: 'boom' } }]);
    },
  );

  it.each([
    [
      'of a connection',
      `new (require('node:net').Socket)().destroy(Object.assign(new Error('boom'), { syscall: 'read' }))`,
    ],
    ['of the system, in a promise', `require('node:fs').promises.open('/nowhere')`],
  ])('does not end the process: %s', async (_what, code) => {
    gateway = await withFault(code);
    gateway.kill('SIGUSR2');
    await gateway.until(() => logged().length > 0);
    expect(logged()).toMatchObject([{ level: 50, msg: 'unhandled error; the process continues' }]);
    expect((await gateway.infer('counter', countTo(1))).status).toBe(200);
    expect(await gateway.stop()).toBe(0);
  });
});
