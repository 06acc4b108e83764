import { once } from 'node:events';
import { connect, constants, type ClientHttp2Stream } from 'node:http2';
import { connect as dial, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import type { MethodDefinition, ServiceDefinition } from '@grpc/proto-loader';
import { affine } from '../../fixtures/models';
import { messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient, inferenceDefinition } from '../support/grpc';
import { framed, RawGrpc } from '../support/raw-grpc';
import { tearDown } from '../support/tear-down';

const MIB = 2 ** 20;
const USED = 'nexus_memory_in_flight_bytes';
const INFER = '/v2/models/affine/infer';
const MODEL_INFER = { ':path': '/inference.GRPCInferenceService/ModelInfer' };

const GRPC = { 'content-type': 'application/grpc', te: 'trailers' };
const MODEL_INFER_METHOD = (inferenceDefinition['inference.GRPCInferenceService'] as ServiceDefinition)[
  'ModelInfer'
] as MethodDefinition<object, object>;

let repository: Repository;
let gateway: Gateway;
let client: GrpcClient;
let raw: RawGrpc;
const sockets = new Set<Socket>();

beforeAll(async () => {
  repository = new Repository().model('affine', affine());
  gateway = await Gateway.start(repository, { NEXUS_MEMORY_IN_FLIGHT: '32MiB' });
  client = new GrpcClient(gateway.grpc);
  raw = new RawGrpc(gateway.grpc);
});

/** Whatever became of the requests of a test, nothing stays charged, and the next one is served. */
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await gateway.reached(USED, 0);
  await othersAreServed();
});

afterAll(() => tearDown(client, raw, gateway, repository));

async function othersAreServed(): Promise<void> {
  expect((await gateway.infer('affine', oneRow(1, 2))).body.outputs[0].data).toEqual([3, 5]);
  const answer = await client.call('ModelInfer', messageOf('affine', oneRow(1)));
  expect(answer.error).toBeUndefined();
}

/** Sends the head of a request and `body`, and reads nothing; `headers` are lines. */
function hold(headers: string, body: Uint8Array | string = '', at = gateway): Socket {
  const { hostname, port } = new URL(at.url);
  const socket = dial(Number(port), hostname);
  sockets.add(socket);
  socket.on('error', () => {});
  socket.write(`POST ${INFER} HTTP/1.1\r\nhost: a\r\n${headers}\r\n\r\n`);
  socket.write(body);
  return socket;
}

/** The beginning of what comes back. */
async function answerOf(socket: Socket): Promise<string> {
  const [piece] = (await once(socket, 'data')) as [Buffer];
  return piece.toString('latin1');
}

const binary = (bytes: number) => `inference-header-content-length: 0\r\ncontent-length: ${bytes}`;
const json = (bytes: number) => `content-length: ${bytes}`;
const CHUNKED = 'inference-header-content-length: 0\r\ntransfer-encoding: chunked';
const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${' '.repeat(bytes)}\r\n`;

const BUSY = /^HTTP\/1\.1 429 [^]*\r\nretry-after: 1\r\n[^]*NEXUS_MEMORY_IN_FLIGHT/;

/** Takes so much of the budget that 8 MiB are left. */
async function takeMost(): Promise<void> {
  for (let count = 1; count <= 3; count++) {
    hold(binary(8 * MIB));
    await gateway.reached(USED, 8 * MIB * count);
  }
}

describe('bodies that are held back', () => {
  it('take no more than the budget: the next is refused before it is sent, and small ones are served', async () => {
    await takeMost();
    expect(await answerOf(hold(binary(8 * MIB)))).toMatch(BUSY);
    await othersAreServed();
    expect(await gateway.metric('nexus_memory_refusals_total{protocol="http"}')).toBeGreaterThan(0);
    expect(await gateway.metric('nexus_memory_in_flight_limit_bytes')).toBe(32 * MIB);
  });

  it('are charged as they grow when they are chunked', async () => {
    await takeMost();
    expect(await answerOf(hold(CHUNKED, chunk(3 * MIB) + chunk(2 * MIB)))).toMatch(BUSY);
  });

  it('are charged more when they are JSON', async () => {
    await takeMost();
    expect(await answerOf(hold(json(MIB)))).toMatch(BUSY);
    hold(binary(MIB));
    await gateway.reached(USED, 25 * MIB);
  });

  it('are refused for good when they are larger than the budget', async () => {
    expect(await answerOf(hold(binary(32 * MIB + 1)))).toMatch(
      /^HTTP\/1\.1 413 [^]*33554432 bytes[^]*NEXUS_MEMORY_IN_FLIGHT/,
    );
    expect(await answerOf(hold(CHUNKED, chunk(33 * MIB)))).toMatch(
      /^HTTP\/1\.1 413 [^]*NEXUS_MEMORY_IN_FLIGHT/,
    );
  });
});

it('the largest JSON is taken when it is alone', async () => {
  const answer = await gateway.send(INFER, { method: 'POST', body: ' '.repeat(8 * MIB) });
  expect(answer.status).toBe(400);
});

it('what is decompressed is charged as it grows', async () => {
  const bomb = gzipSync(Buffer.alloc(24 * MIB));
  const headers = { 'content-encoding': 'gzip', 'inference-header-content-length': '0' };
  const alone = await gateway.send(INFER, { method: 'POST', headers, body: bomb });
  expect(alone.status).toBe(200);
  await gateway.reached(USED, 0);
  await takeMost();
  const answer = await gateway.send(INFER, { method: 'POST', headers, body: bomb });
  expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1']);
});

describe('messages of gRPC', () => {
  const begun = (length: number) => framed(Buffer.alloc(0), 0, length);
  const streams: ClientHttp2Stream[] = [];
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.close();
  });

  async function takeMostOverGrpc(): Promise<void> {
    for (let count = 1; count <= 3; count++) {
      const stream = raw.open(MODEL_INFER);
      streams.push(stream);
      stream.on('error', () => {});
      stream.write(begun(8 * MIB));
      await gateway.reached(USED, 8 * MIB * count);
    }
  }

  it('share the budget: the next is refused before it has come, and small ones are served', async () => {
    await takeMostOverGrpc();
    const stream = raw.open(MODEL_INFER);
    stream.write(begun(8 * MIB));
    // The client does not end its side.
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    expect([headers['grpc-status'], headers['retry-after']]).toEqual(['8', '1']);
    expect(headers['grpc-message']).toMatch(/NEXUS_MEMORY_IN_FLIGHT/);
    await once(stream.resume(), 'close');
    await othersAreServed();
    expect(await gateway.metric('nexus_memory_refusals_total{protocol="grpc"}')).toBe(1);
  });

  it('are charged as they are decompressed', async () => {
    const bomb = framed(gzipSync(Buffer.alloc(24 * MIB)), 1);
    const compressed = { ...MODEL_INFER, 'grpc-encoding': 'gzip' };
    expect((await raw.call(compressed, [bomb])).headers['grpc-status']).toBe('3');
    await gateway.reached(USED, 0);
    await takeMostOverGrpc();
    expect((await raw.call(compressed, [bomb])).headers['grpc-status']).toBe('8');
  });

  it('of a stream are given back one by one', async () => {
    const stream = client.stream('ModelStreamInfer');
    const message = messageOf('affine', oneRow(1));
    stream.send(message, message, { model_name: 'none' });
    await stream.received(3);
    await gateway.reached(USED, 0);
    stream.call.end();
    expect((await stream.ended).code).toBe(status.OK);
  });

  it('of a stream end it with its status when there is no memory, after what it has answered', async () => {
    const stream = client.stream('ModelStreamInfer');
    stream.send(messageOf('affine', oneRow(1)));
    await stream.received(1);
    await takeMostOverGrpc();
    stream.send({ model_name: 'affine', raw_input_contents: [Buffer.alloc(5 * MIB)] });
    expect((await stream.ended).code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('come on a bounded number of calls a connection', async () => {
    const session = connect(`http://${gateway.grpc}`);
    const [settings] = (await once(session, 'remoteSettings')) as [{ maxConcurrentStreams: number }];
    session.destroy();
    expect(settings.maxConcurrentStreams).toBe(512);
  });
});

describe('who stands still', () => {
  let strict: Gateway;
  beforeAll(async () => {
    strict = await Gateway.start(repository, { NEXUS_TRANSFER_TIMEOUT_MS: '2000' });
  });
  afterAll(() => strict.stop());
  afterEach(() => strict.reached(USED, 0));

  const cutOff = () => strict.logs.filter(({ msg }) => msg?.includes('did not read its response'));

  it('while it sends is answered 408, and over gRPC DEADLINE_EXCEEDED', async () => {
    const socket = hold(binary(1000), ' ', strict);
    const other = new RawGrpc(strict.grpc);
    const stream = other.open(MODEL_INFER);
    stream.write(framed(Buffer.alloc(0), 0, 1000));
    const silent = other.open(MODEL_INFER);
    const answers = [stream, silent].map((call) => once(call, 'response'));
    expect(await answerOf(socket)).toMatch(
      /^HTTP\/1\.1 408 [^]*connection: close[^]*NEXUS_TRANSFER_TIMEOUT_MS/,
    );
    for (const [headers] of await Promise.all(answers)) expect(headers['grpc-status']).toBe('4');
    other.close();
  });

  it('while it should read its answer is cut off', async () => {
    // More than the kernel keeps of a connection.
    const socket = hold(binary(24 * MIB), Buffer.alloc(24 * MIB), strict);
    await strict.until(() => cutOff().length === 1);
    expect(cutOff()[0]).toMatchObject({ level: 40, requestId: expect.any(String) });
    socket.destroy();
  });

  it('while it should read its answer over gRPC is cut off', async () => {
    const message = MODEL_INFER_METHOD.requestSerialize(messageOf('affine', oneRow(1)));
    // With such a window nothing may be sent to this client.
    const session = connect(`http://${strict.grpc}`, { settings: { initialWindowSize: 0 } });
    const stream = session.request({ ...MODEL_INFER, ':method': 'POST', ...GRPC });
    stream.on('error', () => {});
    stream.end(framed(message));
    const closed = once(stream.resume(), 'close').catch(() => {});
    await strict.until(() => cutOff().length === 2);
    await closed;
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    session.destroy();
  });
});
