import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { status, type ClientUnaryCall, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  FileDescriptorProto,
  type IDescriptorProto,
  type IFileDescriptorProto,
} from 'protobufjs/ext/descriptor';
import { protoPath as healthProto } from 'grpc-health-check';
import { bytesElements, bytesOf } from '../../fixtures/binary';
import { ONNX_NAME, type Datatype } from '../../fixtures/datatypes';
import { affine, counter, echo, identities } from '../../fixtures/models';
import { countTo, messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient, inferenceDefinition } from '../support/grpc';
import { framed, RawGrpc } from '../support/raw-grpc';
import { tearDown } from '../support/tear-down';

/** The map fields in `message` and in what is nested in it, each with the name of the type of its entries. */
function entriesOf({ field = [], nestedType = [] }: IDescriptorProto): { field: string; entry: string }[] {
  const own = nestedType
    .filter(({ options }) => options?.mapEntry === true)
    .map(({ name }) => {
      const { name: map, label } = field.find(({ typeName }) => typeName === name)!;
      expect(label).toBe(3);
      return { field: map!, entry: name! };
    });
  return [...own, ...nestedType.flatMap(entriesOf)];
}

function camelCase(name: string): string {
  return name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

const BODY_LIMIT = 32 * 2 ** 20;

let repository: Repository;
let gateway: Gateway;
let client: GrpcClient;

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine())
    .model('echo', echo())
    .model('identities', identities(['FLOAT16']))
    .model('counter', counter(), 'timeout_ms: 60000\n');
  gateway = await Gateway.start(repository, { NEXUS_BODY_LIMIT: '32MiB' });
  client = new GrpcClient(gateway.grpc);
});

afterAll(() => tearDown(client, gateway, repository));

const x = (id: string, ...values: number[]) => ({ ...messageOf('affine', oneRow(...values)), id });
const count = (steps: number, id = '') => ({ ...messageOf('counter', countTo(steps)), id });

/** Enough steps to keep a runner busy for some hundred milliseconds. */
const FOR_A_WHILE = 1e6;

/** How long a slow client takes to send a message. */
const UPLOAD_MS = 2000;

const health = (address: string) =>
  new GrpcClient(address, 'grpc.health.v1.Health', loadSync(healthProto, { enums: String }));

const outcomes = (outcome: string) =>
  gateway.metric(`nexus_inference_requests_total{model="counter",version="1",outcome="${outcome}"}`);

describe('a call', () => {
  it('that is cancelled before it runs is dropped', async () => {
    const proceed = gateway.halt('counter');
    const first = client.call('ModelInfer', count(1));
    await gateway.running('counter');
    let leaving: ClientUnaryCall | undefined;
    const left = client.call(
      'ModelInfer',
      count(1),
      { 'x-request-id': 'left' },
      {},
      (call) => (leaving = call),
    );
    await gateway.queued('counter', 1);
    leaving!.cancel();
    const { error } = await left;
    expect(error).toMatchObject({ code: status.CANCELLED });
    const line = await gateway.logged(({ requestId }) => requestId === 'left');
    proceed();
    expect((await first).error).toBeUndefined();
    expect(line).toMatchObject({ status: 'CANCELLED' });
    expect(await outcomes('cancelled')).toBe(1);
  });

  it.each([
    ['its deadline', {}, () => ({ deadline: Date.now() + 50 })],
    ['its parameter timeout', { parameters: { timeout: { int64_param: 50_000 } } }, () => ({})],
  ])('that waits longer than %s is DEADLINE_EXCEEDED', async (_what, change, options) => {
    const proceed = gateway.halt('counter');
    const first = client.call('ModelInfer', count(1));
    await gateway.running('counter');
    const { error } = await client.call('ModelInfer', { ...count(1), ...change }, {}, options());
    expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    proceed();
    expect((await first).error).toBeUndefined();
  });

  it('may carry more than 4 MiB both ways', async () => {
    const values = new Float32Array(6 * 2 ** 20).fill(1);
    const { response } = await client.call('ModelInfer', {
      model_name: 'affine',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, values.length] }],
      raw_input_contents: [bytesOf(values)],
    });
    const [bytes] = response.raw_output_contents as [Buffer];
    expect(bytes.length).toBe(values.byteLength);
    expect(bytes.equals(bytesOf(values.fill(3)))).toBe(true);
  });

  describe('with many elements that are read on another thread', () => {
    const COUNT = 200_000;
    const texts = bytesElements(
      Array.from({ length: COUNT }, (_, index) => Buffer.of(0x61 + (index % 26), 0x62)),
    );
    const strings = (bytes: Buffer) => ({
      model_name: 'echo',
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [1, COUNT] }],
      raw_input_contents: [bytes],
    });

    it('gives strings back as they were', async () => {
      const { response } = await client.call('ModelInfer', strings(texts));
      expect(texts.equals(response.raw_output_contents[0])).toBe(true);
    });

    it('names the string that is none', async () => {
      const faulty = Buffer.from(texts);
      faulty[faulty.length - 1] = 0xff;
      const { error } = await client.call('ModelInfer', strings(faulty));
      expect(error).toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: expect.stringContaining(`element ${COUNT - 1}: expected text in UTF-8`),
      });
    });

    it('reads integers of every datatype together with small tensors', async () => {
      const values = Array.from({ length: COUNT }, (_, index) => index);
      const elements: Partial<Record<Datatype, readonly unknown[]>> = {
        BOOL: [true],
        UINT8: [8],
        UINT16: [16],
        UINT32: values,
        UINT64: values,
        INT8: [-8],
        INT16: [-16],
        INT32: [-32],
        INT64: [-64],
        FP32: [0.5],
        FP64: [0.25],
        BYTES: [Buffer.from('text')],
      };
      const inputs = Object.entries(elements).map(([datatype, data]) => ({
        name: `in_${ONNX_NAME[datatype as Datatype]}`,
        datatype,
        shape: [1, data.length],
        data,
      }));
      const { response, error } = await client.call('ModelInfer', {
        ...messageOf('identities', { inputs }),
        outputs: [{ name: 'out_UINT32' }, { name: 'out_UINT64' }, { name: 'out_STRING' }],
      });
      expect(error).toBeUndefined();
      const [uint32, uint64, text] = response.raw_output_contents as Buffer[];
      expect(uint32!.equals(bytesOf(Uint32Array.from(values)))).toBe(true);
      expect(uint64!.equals(bytesOf(BigUint64Array.from(values.map(BigInt))))).toBe(true);
      expect(text!.toString()).toContain('text');
    });
  });

  it('that is larger than the limit is RESOURCE_EXHAUSTED', async () => {
    const message = { model_name: 'affine', raw_input_contents: [Buffer.alloc(BODY_LIMIT)] };
    const { error } = await client.call('ModelInfer', message);
    expect(error).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: `the request body is larger than the limit of ${BODY_LIMIT} bytes; send fewer rows per request, or raise NEXUS_BODY_LIMIT`,
    });
  });
});

describe('a stream', () => {
  it('answers each request, a failed one with its error, and ends when the client has', async () => {
    const stream = client.stream('ModelStreamInfer');
    stream.send(x('a', 1), { ...x('b', 1), model_name: 'no' }, x('c', 2));
    const answers = await stream.received(3);
    const byId = (id: string) => answers.find(({ infer_response: answer }) => answer.id === id);
    expect(byId('a')).toMatchObject({ error_message: '', infer_response: { model_version: '1' } });
    expect(byId('b').error_message).toMatch(/model 'no' not found/);
    expect(byId('c').infer_response.raw_output_contents).toEqual([bytesOf(Float32Array.of(5))]);
    stream.call.end();
    expect(await stream.ended).toMatchObject({ code: status.OK });
  });

  it('ends with the first error where triton_grpc_error says so', async () => {
    const stream = client.stream('ModelStreamInfer', { triton_grpc_error: 'true' });
    stream.send({ ...x('b', 1), model_name: 'no' });
    expect(await stream.ended).toMatchObject({
      code: status.NOT_FOUND,
      details: expect.stringMatching(/model 'no' not found/),
    });
  });

  it('answers every one of thousands of requests that come at once', async () => {
    const stream = client.stream('ModelStreamInfer');
    for (let index = 0; index < 3000; index++) stream.send(x(String(index), index));
    stream.call.end();
    const answers = await stream.received(3000);
    expect(new Set(answers.map(({ infer_response: answer }) => answer.id)).size).toBe(3000);
    expect(answers.every(({ error_message: error }) => error === '')).toBe(true);
  });

  it('that is cancelled drops what waits', async () => {
    const before = (await outcomes('cancelled')) ?? 0;
    const stream = client.stream('ModelStreamInfer').send(count(FOR_A_WHILE), count(1));
    await gateway.running('counter');
    stream.call.cancel();
    expect(await stream.ended).toMatchObject({ code: status.CANCELLED });
    await gateway.running('counter', 0);
    expect(await outcomes('cancelled')).toBeGreaterThan(before);
  });
});

describe('beside inference', () => {
  it('grpc.health reports the server and each model', async () => {
    const asked = health(gateway.grpc);
    const check = async (service: string) => (await asked.call('check', { service })).response?.status;
    expect(await check('')).toBe('SERVING');
    expect(await check('inference.GRPCInferenceService')).toBe('SERVING');
    expect(await check('affine')).toBe('SERVING');
    expect((await asked.call('check', { service: 'no' })).error).toMatchObject({ code: status.NOT_FOUND });
    asked.close();
  });

  it('server reflection lists the services and describes them', async () => {
    const proto = 'node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto';
    const asked = new GrpcClient(
      gateway.grpc,
      'grpc.reflection.v1.ServerReflection',
      loadSync(proto, { keepCase: true }),
    );
    const stream = asked.stream('ServerReflectionInfo');
    stream.send({ list_services: '*' }, { file_containing_symbol: 'inference.ModelInferRequest' });
    const [list, file] = await stream.received(2);
    const names = list.list_services_response.service.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['inference.GRPCInferenceService', 'grpc.health.v1.Health']),
    );
    const [described] = file.file_descriptor_response.file_descriptor_proto;
    const { messageType } = FileDescriptorProto.decode(described) as IFileDescriptorProto;
    const entries = messageType!.flatMap(entriesOf);
    const maps = readFileSync('src/open-inference/inference.proto', 'utf8').match(/^ *map</gm)!;
    expect(entries).toHaveLength(maps.length);
    expect(entries).toContainEqual({ field: 'input_map', entry: 'InputMapEntry' });
    for (const { field, entry } of entries) expect(entry).toBe(`${camelCase(field)}Entry`);
    stream.call.end();
    asked.close();
  });

  it('a method that does not exist is UNIMPLEMENTED', async () => {
    const definition = loadSync('src/open-inference/inference.proto');
    const service = definition['inference.GRPCInferenceService'] as Record<string, { path: string }>;
    service['ServerLive']!.path = '/inference.GRPCInferenceService/ServerLove';
    const wrong = new GrpcClient(gateway.grpc, undefined, definition);
    expect((await wrong.call('ServerLive')).error).toMatchObject({ code: status.UNIMPLEMENTED });
    wrong.close();
  });
});

describe('the rate limit', () => {
  let limited: Gateway;
  let caller: GrpcClient;

  beforeAll(async () => {
    limited = await Gateway.start(repository, { NEXUS_RATE_LIMIT: '4' });
    caller = new GrpcClient(limited.grpc);
  });

  afterAll(async () => {
    caller.close();
    await limited.stop();
  });

  it('is one budget for HTTP, calls and the requests of streams', async () => {
    await limited.send('/v2');
    expect((await caller.call('ModelInfer', x('', 1))).error).toBeUndefined();
    const stream = caller.stream('ModelStreamInfer').send(x('a', 1), x('b', 1), x('c', 1));
    const refusals = (await stream.received(3)).filter(({ error_message: error }) => error !== '');
    expect(refusals).toMatchObject([
      {
        error_message: expect.stringMatching(/^the limit of 4 requests in 60 s for this address is used up/),
      },
    ]);
    const { error, trailers } = await caller.call('ModelInfer', x('', 1));
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(trailers.get('retry-after')[0]).toMatch(/^[1-9]\d?$/);
    expect((await limited.send('/v2')).status).toBe(429);
    expect((await caller.call('ServerLive')).error).toBeUndefined();
    stream.call.end();
  });

  it('counts every call, but those that ask for the health', async () => {
    while ((await limited.send('/v2')).status !== 429);
    const service = inferenceDefinition['inference.GRPCInferenceService'] as ServiceDefinition;
    const calls = Object.entries(service).filter(([, { requestStream }]) => !requestStream);
    const allowed: string[] = [];
    for (const [method] of calls) {
      // The first call of a method asks the library, the second does not.
      const codes = [await caller.call(method), await caller.call(method)].map(({ error }) => error?.code);
      expect(new Set(codes).size).toBe(1);
      if (codes[0] !== status.RESOURCE_EXHAUSTED) allowed.push(method);
    }
    expect(allowed.toSorted()).toEqual(['ServerLive', 'ServerReady']);
  });
});

it('a connection ends gracefully when it has the age of NEXUS_GRPC_MAX_CONNECTION_AGE_S', async () => {
  const young = await Gateway.start(repository, { NEXUS_GRPC_MAX_CONNECTION_AGE_S: '1' });
  const session = connect(`http://${young.grpc}`);
  expect((await once(session, 'goaway'))[0]).toBe(constants.NGHTTP2_NO_ERROR);
  expect(await young.stop()).toBe(0);
});

describe('a shutdown', () => {
  it('is reported immediately, serves for the drain delay, and finishes calls and streams', async () => {
    const ending = await Gateway.start(repository, { NEXUS_DRAIN_DELAY_MS: '1500' });
    const caller = new GrpcClient(ending.grpc);
    const asked = health(ending.grpc);
    const watched = asked.watch('watch', { service: '' });
    await watched.received(1);
    const idle = caller.stream('ModelStreamInfer');
    const busy = caller.stream('ModelStreamInfer').send(count(2.5 * FOR_A_WHILE, 'busy'));
    const finished = caller.stream('ModelStreamInfer').send(count(2.5 * FOR_A_WHILE, 'finished'));
    finished.call.end();
    await ending.running('counter');
    ending.kill('SIGTERM');
    expect(await watched.received(2)).toMatchObject([{ status: 'SERVING' }, { status: 'NOT_SERVING' }]);
    expect((await asked.call('check', { service: 'affine' })).response).toEqual({ status: 'NOT_SERVING' });
    expect((await caller.call('ServerReady')).response).toEqual({ ready: false });
    expect((await caller.call('ModelInfer', x('', 1))).error).toBeUndefined();
    const last = caller.call('ModelInfer', count(FOR_A_WHILE));
    expect((await idle.ended).code).toBe(status.UNAVAILABLE);
    expect(await busy.received(1)).toMatchObject([{ error_message: '', infer_response: { id: 'busy' } }]);
    expect((await busy.ended).code).toBe(status.UNAVAILABLE);
    // Its client sends nothing more, so it has received everything.
    expect((await finished.ended).code).toBe(status.OK);
    expect(finished.answers).toMatchObject([{ error_message: '', infer_response: { id: 'finished' } }]);
    expect((await last).error).toBeUndefined();
    expect(await ending.exited()).toBe(0);
    caller.close();
    asked.close();
  });

  it('waits for a message that is still arriving', async () => {
    const ending = await Gateway.start(repository);
    const raw = new RawGrpc(ending.grpc);
    const stream = raw.open({ ':path': '/inference.GRPCInferenceService/ModelInfer' });
    const trailers = once(stream, 'trailers');
    const { ModelInfer } = inferenceDefinition['inference.GRPCInferenceService'] as ServiceDefinition;
    const bytes = framed(ModelInfer!.requestSerialize(x('', 1)));
    stream.write(bytes.subarray(0, 5));
    await raw.call({ ':path': '/inference.GRPCInferenceService/ServerLive' }, [framed(Buffer.of())]);
    ending.kill('SIGTERM');
    await ending.draining();
    // It takes longer than the server waits for calls of which nothing arrives.
    for (const byte of bytes.subarray(5)) {
      stream.write(Buffer.of(byte));
      await delay(UPLOAD_MS / bytes.length);
    }
    stream.end();
    stream.resume();
    expect((await trailers)[0]).toMatchObject({ 'grpc-status': '0' });
    expect(await ending.exited()).toBe(0);
    raw.close();
  });

  it('does not wait for a call that its client has begun and never ends', async () => {
    const ending = await Gateway.start(repository);
    const raw = new RawGrpc(ending.grpc);
    const half = raw.open({ ':path': '/inference.GRPCInferenceService/ModelInfer' });
    half.on('error', () => {});
    half.write(framed(Buffer.of()));
    // Comes after it on the same connection.
    await raw.call({ ':path': '/inference.GRPCInferenceService/ServerLive' }, [framed(Buffer.of())]);
    expect(await ending.stop()).toBe(0);
    raw.close();
  });

  it('a port in use is reported in one line', async () => {
    const port = gateway.grpc.split(':')[1]!;
    const { code, stderr } = await Gateway.failing({ NEXUS_GRPC_PORT: port }, repository);
    expect(stderr).toBe(
      `NEXUS_GRPC_PORT=${port}: the port is already in use on 127.0.0.1; stop the process that uses it, or set another port\n`,
    );
    expect(code).toBe(1);
  });
});
