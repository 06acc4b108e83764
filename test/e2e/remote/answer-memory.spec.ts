import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { residentBytes } from '../support/processes';
import { tearDown } from '../support/tear-down';

const MIB = 2 ** 20;
const USED = 'nexus_memory_in_flight_bytes';
const REQUESTS = 24;

/** An answer, of which the target first sends most. */
const SIZE = 7 * MIB;
const MOST = Buffer.alloc(6 * MIB);
const REST = Buffer.alloc(SIZE - MOST.length);

const SPEC = (name: string) => ({ name, datatype: 'FP32', shape: [-1] });
const MODEL = { name: 'm', versions: ['1'], platform: 'x', inputs: [SPEC('x')], outputs: [SPEC('y')] };
const HEAD = JSON.stringify({
  model_name: 'm',
  outputs: [{ ...SPEC('y'), shape: [SIZE / 4], parameters: { binary_data_size: SIZE } }],
});

/** The requests that wait for the others. */
let waiting: ServerResponse[] = [];
let isAnnounced = false;
let refused: PromiseWithResolvers<void>;

let target: Server;
let files: Repository;
let gateway: Gateway;

/** A server whose answers are large. It ends them when one was refused. */
function answer(response: ServerResponse): void {
  const length = isAnnounced ? { 'content-length': HEAD.length + SIZE } : {};
  response.writeHead(200, { 'inference-header-content-length': HEAD.length, ...length });
  response.once('close', () => response.writableFinished || refused.resolve());
  response.write(HEAD);
  response.write(MOST);
  void refused.promise.then(() => response.end(REST));
}

/** Answers all requests once they are there, and each retry at once. */
function receive(response: ServerResponse): void {
  if (waiting.push(response) === REQUESTS) waiting.forEach(answer);
  else if (waiting.length > REQUESTS) answer(response);
}

beforeAll(async () => {
  target = createServer((request, response) => {
    request.resume().once('end', () => {
      if (request.url === '/v2') response.end('{"name":"t","extensions":["binary_tensor_data"]}');
      else if (request.method === 'GET') response.end(JSON.stringify(MODEL));
      else receive(response);
    });
  }).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const { port } = target.address() as AddressInfo;
  files = new Repository().add('m.yaml', `targets: [{ url: "http://127.0.0.1:${port}" }]`);
  gateway = await Gateway.start(files, {
    NEXUS_MEMORY_IN_FLIGHT: '32MiB',
    // With room to spare, V8 would keep dead answers for a while before it collects them.
    NODE_OPTIONS: '--max-old-space-size=96',
  });
});

afterAll(async () => {
  await tearDown(gateway, files);
  target.closeAllConnections();
  target.close();
});

/** Attempts on the target that ended so. */
const attempts = (outcome: string) => {
  const { port } = target.address() as AddressInfo;
  const labels = `model="m",version="1",target="127.0.0.1:${port}",outcome="${outcome}"`;
  return gateway.metric(`nexus_target_requests_total{${labels}}`);
};

const infer = async () => {
  const request = {
    inputs: [fp32('x', [1], [1])],
    outputs: [{ name: 'y', parameters: { binary_data: true } }],
  };
  const response = await gateway.fetch('/v2/models/m/infer', {
    method: 'POST',
    body: JSON.stringify(request),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, retryAfter: response.headers.get('retry-after'), bytes };
};

describe.each([
  ['announce their length', true],
  ['do not announce their length', false],
])('large answers of a target that %s', (_name, announces) => {
  it('are charged as they arrive: those that do not fit are refused, and the rest is served', async () => {
    await gateway.reached('nexus_model_state{model="m",version="1",state="READY"}', 1);
    waiting = [];
    isAnnounced = announces;
    refused = Promise.withResolvers();
    const before = residentBytes(gateway.pid);
    const answers = await Promise.all(Array.from({ length: REQUESTS }, infer));
    // All answers together have 168 MiB.
    expect(residentBytes(gateway.pid) - before).toBeLessThan(120 * MIB);
    const served = answers.filter(({ status }) => status === 200);
    const busy = answers.filter(({ status }) => status === 429);
    expect(served.length + busy.length).toBe(REQUESTS);
    expect(served.length).toBeGreaterThan(0);
    expect(busy.length).toBeGreaterThan(0);
    for (const { bytes } of served) expect(bytes.length).toBeGreaterThan(SIZE);
    for (const { bytes, retryAfter } of busy) {
      expect(bytes.toString()).toContain('NEXUS_MEMORY_IN_FLIGHT');
      expect(retryAfter).toBe('1');
    }
    await gateway.reached(USED, 0);
    // It is the memory of the gateway that was short, not the target.
    expect(await attempts('cancelled')).toBeGreaterThanOrEqual(busy.length);
    expect(await attempts('failed')).toBeUndefined();
  });
});
