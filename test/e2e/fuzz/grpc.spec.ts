import { constants } from 'node:http2';
import { deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import type { MethodDefinition, ServiceDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { inferenceDefinition } from '../support/grpc';
import { framed, RawGrpc, type RawAnswer } from '../support/raw-grpc';
import { fuzz, NO_HARM, mutilated, WORDS } from './fuzz';
import { fields } from './protobuf';
import { tearDown } from '../support/tear-down';

const SERVICE = 'inference.GRPCInferenceService';
const METHODS = inferenceDefinition[SERVICE] as ServiceDefinition;
/** But for the health's Watch, which has no end. */
const OTHER_PATHS = [
  '/grpc.health.v1.Health/Check',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
];
/** What a server says when it is at fault; for a client's mistake there are other codes. */
const SERVER_ERRORS: readonly number[] = [status.UNKNOWN, status.INTERNAL, status.DATA_LOSS];

const REQUEST = {
  model_name: 'affine',
  model_version: '1',
  id: 'a',
  parameters: { priority: { uint64_param: 1 }, note: { double_param: 1.5 }, on: { bool_param: true } },
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }],
  outputs: [{ name: 'y', parameters: { classification: { int64_param: 1 } } }],
};
const serialize = (method: string, message: object) =>
  (METHODS[method] as MethodDefinition<object, object>).requestSerialize(message);
const RAW = serialize('ModelInfer', { ...REQUEST, raw_input_contents: [Buffer.alloc(8)] });
const TYPED = serialize('ModelInfer', {
  ...REQUEST,
  inputs: [{ ...REQUEST.inputs[0], contents: { fp32_contents: [1, 2] } }],
});

/** Parts of a good request, any of which may be missing, in any order, and fields of all kinds behind or before them. */
const request = fc
  .tuple(
    fc.shuffledSubarray(
      Object.entries(REQUEST).map(([name, value]) => serialize('ModelInfer', { [name]: value })),
      { minLength: 4 },
    ),
    fields,
    fc.boolean(),
    fc.boolean(),
  )
  .map(([parts, other, isBefore, isRaw]) => {
    const contents = isRaw ? [serialize('ModelInfer', { raw_input_contents: [Buffer.alloc(8)] })] : [];
    return Buffer.concat(isBefore ? [other, ...parts, ...contents] : [...parts, ...contents, other]);
  });

/** A good message of each other method. */
const OTHERS: Readonly<Record<string, Buffer>> = Object.fromEntries(
  Object.entries({
    ModelReady: { name: 'affine', version: '1' },
    ModelMetadata: { name: 'affine' },
    ModelConfig: { name: 'affine' },
    ModelStatistics: { name: 'affine' },
    RepositoryIndex: { ready: true },
    RepositoryModelLoad: { model_name: 'affine', parameters: { config: { string_param: '{}' } } },
    RepositoryModelUnload: { model_name: 'none', parameters: { unload_dependents: { bool_param: true } } },
    TraceSetting: { settings: { trace_rate: { value: ['1'] } }, model_name: 'affine' },
    LogSettings: { settings: { log_verbose_level: { uint32_param: 0 } } },
    SystemSharedMemoryRegister: { name: 'a', key: '/a', byte_size: 8 },
    CudaSharedMemoryUnregister: { name: 'a' },
  }).map(([method, message]) => [method, serialize(method, message)]),
);

let repository: Repository;
let gateway: Gateway;
let raw: RawGrpc;
let runners: number[];

beforeAll(async () => {
  repository = new Repository().model('affine', affine());
  gateway = await Gateway.start(repository, { NEXUS_LOG_LEVEL: 'error' });
  runners = gateway.runners('affine/1');
  raw = new RawGrpc(gateway.grpc);
});

/** Whatever came, the gateway serves as if nothing had been. */
afterEach(async () => {
  expect((await gateway.infer('affine', oneRow(1))).body.outputs[0].data).toEqual([3]);
  expect(gateway.runners('affine/1')).toEqual(runners);
});

afterAll(() => tearDown(raw, gateway, repository));

/** The call is answered, with a code that does not blame the server and a text for every other one than OK. */
function isAnswered({ headers, reset }: RawAnswer): void {
  const code = Number(headers['grpc-status']);
  expect({ code, reset, message: headers['grpc-message'] }).not.toMatchObject({ code: NaN });
  expect(SERVER_ERRORS).not.toContain(code);
  if (code > 0) expect(headers['grpc-message']).toMatch(/./);
}

const garbage = fc.oneof(fc.string({ unit: 'binary-ascii', maxLength: 20 }), fc.constantFrom(...WORDS));

/** A message in a frame that is right, or wrong in any way there is. */
const frame = fc
  .record({
    message: fc.oneof(
      fc.constantFrom(RAW, TYPED, gzipSync(RAW), deflateSync(RAW)),
      fc.uint8Array({ maxLength: 40 }),
    ),
    flag: fc.oneof(fc.constantFrom(0, 1), fc.nat(255)),
    length: fc.option(fc.oneof(fc.nat(300), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 26, 2 ** 26 + 1))),
    keep: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ message, flag, length, keep }) => {
    const bytes = framed(message, flag, length ?? message.length);
    return keep < 0.7 ? bytes : bytes.subarray(0, Math.floor(((keep - 0.7) / 0.3) * bytes.length));
  });

/** Bytes in pieces, as a network may cut them. */
const cut = (bytes: Buffer, at: number) => [
  bytes.subarray(0, at * bytes.length),
  bytes.subarray(at * bytes.length),
];
const place = fc.double({ min: 0, max: 1, noNaN: true });

const path = fc.oneof(
  fc.constantFrom(...Object.keys(METHODS).map((method) => `/${SERVICE}/${method}`), ...OTHER_PATHS),
  fc.constantFrom('/', '', '/a', '//', `/${SERVICE}/`, `/${SERVICE}/Nothing`, `${SERVICE}/ModelInfer`, '*'),
  garbage.map((text) => `/${SERVICE}/${encodeURIComponent(text)}`),
);
const headers = fc.record(
  {
    ':path': path,
    ':method': fc.constantFrom('POST', 'GET', 'PUT', 'OPTIONS'),
    'content-type': fc.constantFrom(
      'application/grpc',
      'application/grpc+proto',
      'application/grpc+json',
      'text/html',
      '',
    ),
    te: fc.constantFrom('trailers', 'trailers'),
    'grpc-timeout': fc.constantFrom(
      '1S',
      '0n',
      '1n',
      '99999999H',
      '999999999H',
      '-1S',
      '1x',
      '',
      'S',
      '1.5S',
    ),
    'grpc-encoding': fc.constantFrom('identity', 'gzip', 'deflate', 'snappy', '', 'x'),
    'grpc-accept-encoding': fc.constantFrom('identity', 'gzip', 'deflate', 'snappy', '', ',,'),
    'x-request-id': fc.constantFrom('1', ' ', 'x'.repeat(9000)),
    'a-bin': fc.constantFrom('', 'AAA', '====', '*', 'AAAA,BBBB'),
    'grpc-previous-rpc-attempts': fc.constantFrom('1', 'x'),
    triton_grpc_error: fc.constantFrom('true', 'false', ''),
  },
  { requiredKeys: [':path'] },
);

describe('over gRPC, nothing is answered as an error of the server, and nothing changes, by', () => {
  it.each(['ModelInfer', 'ModelStreamInfer'])('mutilated messages: %s', async (method) => {
    const harm = await fuzz(gateway, mutilated(RAW, TYPED), 1500, async (message) =>
      isAnswered(await raw.call({ ':path': `/${SERVICE}/${method}` }, [framed(message)])),
    );
    expect(harm).toEqual(NO_HARM);
  });

  it.each(['ModelInfer', 'ModelStreamInfer'])('fields of all kinds: %s', async (method) => {
    const harm = await fuzz(gateway, request, 1500, async (message) =>
      isAnswered(await raw.call({ ':path': `/${SERVICE}/${method}` }, [framed(message)])),
    );
    expect(harm).toEqual(NO_HARM);
  });

  it('mutilated messages of every other method', async () => {
    const call = fc
      .constantFrom(...Object.keys(OTHERS))
      .chain((method) => mutilated(OTHERS[method]!).map((message) => ({ method, message })));
    const harm = await fuzz(gateway, call, 1000, async ({ method, message }) =>
      isAnswered(await raw.call({ ':path': `/${SERVICE}/${method}` }, [framed(message)])),
    );
    expect(harm).toEqual(NO_HARM);
  });

  it.each(['ModelInfer', 'ModelStreamInfer', 'ModelReady'])('frames of all kinds: %s', async (method) => {
    const calls = fc.tuple(
      fc.array(frame, { maxLength: 3 }),
      place,
      fc.constantFrom('identity', 'gzip', 'deflate'),
    );
    const harm = await fuzz(gateway, calls, 700, async ([frames, at, encoding]) => {
      const pieces = cut(Buffer.concat(frames), at);
      isAnswered(await raw.call({ ':path': `/${SERVICE}/${method}`, 'grpc-encoding': encoding }, pieces));
    });
    expect(harm).toEqual(NO_HARM);
  });

  it('paths and headers of all kinds', async () => {
    const harm = await fuzz(
      gateway,
      fc.tuple(headers, fc.constantFrom(RAW, Buffer.alloc(0))),
      1000,
      async ([own, message]) => {
        // A connection on which many are refused is closed, with all that is on it.
        const alone = new RawGrpc(gateway.grpc);
        const answer = await alone.call(own, [framed(message)]);
        alone.close();
        // Where it is not even HTTP/2 or gRPC, that is told by a reset, or by a status of HTTP.
        if (answer.reset === constants.NGHTTP2_PROTOCOL_ERROR) return;
        if (answer.headers[':status'] === 200) isAnswered(answer);
        else expect(answer.headers[':status']).toBe(415);
      },
    );
    expect(harm).toEqual(NO_HARM);
  });

  it('calls that their clients take back', async () => {
    const calls = fc.tuple(
      fc.constantFrom('ModelInfer', 'ModelStreamInfer'),
      fc.array(frame, { maxLength: 3 }),
    );
    const harm = await fuzz(gateway, calls, 600, ([method, frames]) =>
      raw.abandon({ ':path': `/${SERVICE}/${method}` }, frames),
    );
    expect(harm).toEqual(NO_HARM);
  });
});
