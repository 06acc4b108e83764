import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { bytesOf } from '../../fixtures/binary';
import { affine } from '../../fixtures/models';
import { fp32, messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { send, withBinary, type Message } from '../support/http';
import { PROXIES, Proxy, type Ports } from '../support/proxies';
import { freePorts, HAS_REDIS, Redis } from '../support/redis';
import { tearDown } from '../support/tear-down';

/** At most this long between two requests of a client, so that connections are idle from time to time. */
const PAUSE_MS = 20;

/** Elements of a body of 200 kB. */
const MANY = 50_000;

const row = oneRow(1, 2);
const call = messageOf('affine', row);
const y = bytesOf(new Float32Array([3, 5]));
const large = bytesOf(new Float32Array(MANY).fill(7));
const binary = withBinary(
  {
    inputs: [{ ...fp32('x', [1, MANY], []), data: undefined, parameters: { binary_data_size: 4 * MANY } }],
    outputs: [{ name: 'y', parameters: { binary_data: true } }],
  },
  new Float32Array(MANY).fill(3),
);

/** Requests over HTTP, each with what the body of the answer ends with. */
const REQUESTS: readonly { path: string; message: Message; end: Buffer }[] = [
  {
    path: '/v2/models/affine/infer',
    message: { body: JSON.stringify(row) },
    end: Buffer.from('"data":[3,5]}]}'),
  },
  {
    path: '/v1/models/affine/predict',
    message: { body: '{"inputs":{"x":[[1,2]]}}' },
    end: Buffer.from('"y":[[3,5]]}}'),
  },
  { path: '/v2/models/affine/infer', message: binary, end: large },
];

/** A client that sends one request after another, and goes on when one fails. */
class Client {
  sent = 0;
  readonly failures: string[] = [];
  private isOver = false;
  private readonly run: Promise<void>;

  /** @param attempt sends the request of this number, and returns what is wrong with the answer: nothing if it is empty. */
  constructor(
    readonly name: string,
    attempt: (sent: number, id: string) => Promise<string>,
    private readonly close: () => void,
  ) {
    this.run = this.loop(attempt);
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.run;
    this.close();
  }

  private async loop(attempt: (sent: number, id: string) => Promise<string>): Promise<void> {
    while (!this.isOver) {
      const id = `${this.name}.${++this.sent}`;
      const failure = await attempt(this.sent, id).catch(String);
      if (failure !== '') this.failures.push(`${id}: ${failure}`);
      await delay(Math.random() * PAUSE_MS);
    }
  }
}

/** A client over one connection that is kept. */
function httpClient(name: string, url: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return new Client(
    name,
    async (sent, id) => {
      const { path, message, end } = REQUESTS[sent % REQUESTS.length]!;
      const headers = { ...message.headers, 'x-request-id': id };
      const { status, body } = await send(url, path, { ...message, method: 'POST', headers, agent });
      const isRight = status === 200 && body.subarray(-end.length).equals(end);
      return isRight ? '' : `${status} ${body.toString('latin1', 0, 500)}`;
    },
    () => agent.destroy(),
  );
}

/** A client over one connection, which sends single messages and streams in turn. */
function grpcClient(name: string, address: string): Client {
  const caller = new GrpcClient(address);
  return new Client(
    name,
    async (sent, id) => {
      const keys = { 'x-request-id': id };
      if (sent % 2 === 0) {
        const { error, response } = await caller.call('ModelInfer', call, keys);
        return error === undefined ? wrong(response) : String(error);
      }
      const stream = caller.stream('ModelStreamInfer', keys).send(call, call);
      stream.call.end();
      const { code, details } = await stream.ended;
      if (code !== 0) return `${code} ${details}`;
      const answers = stream.answers.map(({ infer_response }) => wrong(infer_response));
      return answers.length === 2 ? answers.join('') : `${answers.length} answers`;
    },
    () => caller.close(),
  );
}

function wrong(response: { raw_output_contents?: readonly Buffer[] } | undefined): string {
  return response?.raw_output_contents?.[0]?.equals(y) ? '' : JSON.stringify(response);
}

const describeWithProxies = PROXIES.length > 0 ? describe : describe.skip;

describeWithProxies('three replicas behind a proxy', () => {
  const repository = new Repository().model('affine', affine());
  let redis: Redis | undefined;
  let ports: [Ports, Ports, Ports];
  let gateways: Gateway[] = [];
  let proxies: Proxy[] = [];
  let clients: Client[] = [];

  /** The first of them has two processes. */
  const start = (index: number) =>
    Gateway.start(repository, {
      NEXUS_PORT: String(ports[index]!.http),
      NEXUS_GRPC_PORT: String(ports[index]!.grpc),
      NEXUS_PROCESSES: index === 0 ? '2' : '1',
      NEXUS_DRAIN_DELAY_MS: '2000',
      // nginx does not ask whether a gateway is ready.
      NEXUS_LISTEN: 'loaded',
      NEXUS_RATE_LIMIT: '0',
      ...(redis && { NEXUS_REDIS_URL: redis.url }),
    });

  /** Resolves when `gateway` has answered a request of each client. */
  const servesAll = async (gateway: Gateway) => {
    for (const { name } of clients)
      await gateway.logged(({ requestId }) => String(requestId).startsWith(`${name}.`));
  };
  const failed = () => clients.flatMap(({ failures }) => failures);

  beforeAll(async () => {
    const free = await freePorts(7 + 2 * PROXIES.length);
    const next = () => ({ http: free.pop()!, grpc: free.pop()! });
    if (HAS_REDIS) redis = await Redis.start(free.pop()!);
    ports = [next(), next(), next()];
    gateways = await Promise.all([0, 1, 2].map(start));
    proxies = await Promise.all(PROXIES.map((name) => Proxy.start(name, next(), ports)));
    clients = proxies.flatMap(({ name, url, grpc }) => [
      httpClient(`${name}-http`, url),
      grpcClient(`${name}-grpc`, grpc),
    ]);
  });
  afterAll(() => tearDown(...clients, ...proxies, ...gateways, redis, repository));

  it(`are restarted one after another without a failed request: ${PROXIES.join(', ')}`, async () => {
    for (const gateway of gateways) await servesAll(gateway);
    for (const index of gateways.keys()) {
      expect(await gateways[index]!.stop()).toBe(0);
      gateways[index] = await start(index);
      await servesAll(gateways[index]);
      expect(failed()).toEqual([]);
    }
  }, 240_000);

  it('lose at most the requests in flight on one that is killed', async () => {
    gateways[1]!.kill('SIGKILL');
    await gateways[1]!.exited();
    const before = clients.map(({ sent }) => sent);
    gateways[1] = await start(1);
    await servesAll(gateways[1]);
    expect(clients.filter(({ failures }) => failures.length > 1)).toEqual([]);
    // All of them have gone on meanwhile.
    expect(clients.filter(({ sent }, index) => sent <= before[index]!)).toEqual([]);
  });
});
