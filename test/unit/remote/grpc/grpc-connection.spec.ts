import fc from 'fast-check';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { Attempt } from '../../../../src/remote/attempt';
import type { TensorConnection } from '../../../../src/remote/connection';
import { openGrpc } from '../../../../src/remote/grpc/grpc-connection';
import type { Target } from '../../../../src/remote/target';
import type { Tensor } from '../../../../src/tensor/tensor';
import { CONTENTS_FIELD } from '../../../fixtures/datatypes';
import { anyTensor, DATATYPES, tensor } from '../../codec/tensors';
import { elementsOf } from '../../grpc/message-elements';
import { anAttempt, failureOf, LONG } from '../loopback';
import {
  grpcTarget,
  ScriptedServer,
  type Message,
  type ScriptedCall,
  type Scripts,
  valueOf,
} from './scripted-server';

setLogVerbosity(logVerbosity.NONE);

const LIMIT = 1024 * 1024;

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function serve(scripts: Scripts): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(scripts);
  open.push({ close: () => server.stop() });
  return server;
}

function connectTo({ port }: { port: number }, settings: Partial<Target> = {}): TensorConnection {
  const connection = openGrpc(grpcTarget(port, settings), LONG, LIMIT);
  open.push(connection);
  return connection;
}

const X: Tensor = {
  name: 'x',
  datatype: 'FP32',
  shape: [1, 2],
  data: Buffer.from(Float32Array.of(1, 2).buffer),
};
const INFER = { inputs: [X], outputs: ['y'], priority: 0 };
const DESCRIBED = {
  name: 'm',
  platform: 'onnx',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
};
const Y = { name: 'y', datatype: 'FP32', shape: [1, 2] };
const ANSWER = { outputs: [Y], raw_output_contents: [X.data] };
const SCRIPTS: Scripts = { ModelMetadata: () => DESCRIBED, ModelInfer: () => ANSWER };

describe('the description', () => {
  it('returns inputs and outputs of the model and the version', async () => {
    const asked: Message[] = [];
    const server = await serve({
      ModelMetadata: ({ request }) => {
        asked.push(request);
        return DESCRIBED;
      },
    });
    const { platform, inputs, outputs } = DESCRIBED;
    expect(await connectTo(server).describe(anAttempt())).toEqual({ platform, inputs, outputs });
    await connectTo(server, { model: 'other', version: '3' }).describe(anAttempt());
    expect(asked).toEqual([
      { name: 'm', version: '' },
      { name: 'other', version: '3' },
    ]);
  });

  it('refuses a model that the gateway cannot use', async () => {
    const outputs = [{ name: 'y', datatype: 'BF16', shape: [1] }];
    const server = await serve({ ModelMetadata: () => ({ ...DESCRIBED, outputs }) });
    const failure = await failureOf(connectTo(server).describe(anAttempt()));
    expect(failure).toMatchObject({ kind: 'garbage', message: expect.stringContaining('BF16') });
  });
});

describe('a check', () => {
  it('resolves if the model is ready', async () => {
    const server = await serve({ ModelReady: ({ request }) => ({ ready: request['name'] === 'm' }) });
    await connectTo(server).check(anAttempt());
    const failure = await failureOf(connectTo(server, { model: 'n' }).check(anAttempt()));
    expect(failure).toMatchObject({
      kind: 'failed',
      message: 'the target reports that the model is not ready',
    });
  });

  it('asks for the server where readiness of models is not implemented', async () => {
    let ready = true;
    const connection = connectTo(await serve({ ServerReady: () => ({ ready }) }));
    await connection.check(anAttempt());
    ready = false;
    expect((await failureOf(connection.check(anAttempt()))).kind).toBe('failed');
    expect((await failureOf(connectTo(await serve({})).check(anAttempt()))).kind).toBe('misconfigured');
  });
});

describe('a request', () => {
  it('sends inputs raw, with the names of the outputs, and returns the outputs', async () => {
    let asked: Message = {};
    const server = await serve({
      ...SCRIPTS,
      ModelInfer: ({ request }) => {
        asked = request;
        return ANSWER;
      },
    });
    const connection = connectTo(server, { version: '7' });
    expect(await connection.infer(INFER, anAttempt())).toEqual([{ ...Y, data: Buffer.from(X.data) }]);
    expect(asked).toMatchObject({
      model_name: 'm',
      model_version: '7',
      parameters: {},
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], contents: null }],
      outputs: [{ name: 'y' }],
      raw_input_contents: [X.data],
    });
    await connection.infer({ ...INFER, priority: 3 }, anAttempt());
    expect(asked['parameters']).toMatchObject({ priority: { int64_param: 3 } });
  });

  it('describes the model once, before the first call', async () => {
    let described = 0;
    const server = await serve({
      ...SCRIPTS,
      ModelMetadata: () => {
        described++;
        return DESCRIBED;
      },
    });
    const connection = connectTo(server);
    await connection.infer(INFER, anAttempt());
    await connection.infer(INFER, anAttempt());
    expect(described).toBe(1);
  });

  it('carries tensors of every datatype there and back', async () => {
    let outputs: Message[] = [];
    const server = await serve({
      ModelMetadata: () => ({ ...DESCRIBED, outputs }),
      ModelInfer: ({ request }) => ({
        outputs: request['inputs'],
        raw_output_contents: request['raw_input_contents'],
      }),
    });
    const connection = connectTo(server);
    await fc.assert(
      fc.asyncProperty(fc.array(tensor, { minLength: 1, maxLength: 3 }), async (tensors) => {
        const inputs = tensors.map((one, index) => ({
          ...one,
          name: `x${index}`,
          data: Buffer.from(one.data),
        }));
        outputs = inputs.map(({ name, datatype }) => ({ name, datatype, shape: [-1] }));
        await connection.describe(anAttempt());
        const names = inputs.map(({ name }) => name).toReversed();
        const found = await connection.infer({ inputs, outputs: names, priority: 0 }, anAttempt());
        expect(found).toEqual(inputs.toReversed());
      }),
      { numRuns: 30 },
    );
  });

  it('reads typed contents of every datatype that has them', async () => {
    let sent: Tensor = X;
    const server = await serve({
      ModelMetadata: () => ({ ...DESCRIBED, outputs: [{ ...headOf(sent), shape: [-1] }] }),
      ModelInfer: () => ({
        outputs: [{ ...headOf(sent), contents: { [CONTENTS_FIELD[sent.datatype]!]: elementsOf(sent) } }],
      }),
    });
    const connection = connectTo(server);
    const typed = DATATYPES.filter((datatype) => datatype !== 'FP16').map((datatype) => anyTensor(datatype));
    await fc.assert(
      fc.asyncProperty(fc.oneof(...typed), async (one) => {
        sent = one;
        await connection.describe(anAttempt());
        const [found] = await connection.infer({ ...INFER, outputs: ['x'] }, anAttempt());
        expect({ ...found, data: Buffer.from(found!.data) }).toEqual({ ...one, data: Buffer.from(one.data) });
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, Message, string]>([
    ['no output', { outputs: [], raw_output_contents: [] }, 'expected 1 outputs, got 0'],
    ['another name', { outputs: [{ ...Y, name: 'z' }] }, 'output "y": is missing in the response'],
    ['another datatype', { outputs: [{ ...Y, datatype: 'INT32' }] }, 'expected FP32, got INT32'],
    [
      'an unknown datatype',
      { outputs: [{ ...Y, datatype: 'x\ny' }] },
      'the datatype "x\\ny" is not supported',
    ],
    ['another shape', { outputs: [{ ...Y, shape: [2] }] }, 'expected shape [-1,2], got [2]'],
    ['a negative shape', { outputs: [{ ...Y, shape: [-1, -2] }] }, 'got [-1,-2]'],
    ['too few bytes', { raw_output_contents: [Buffer.alloc(7)] }, 'expected 8 bytes'],
    ['too many entries', { raw_output_contents: [X.data, X.data] }, 'expected 1 raw_output_contents'],
    ['no bytes', { raw_output_contents: [] }, 'expected 2 elements for shape [1,2], got 0'],
    [
      'contents of another datatype',
      { outputs: [{ ...Y, contents: { int_contents: [1, 2] } }], raw_output_contents: [] },
      'expected fp32_contents for FP32, got int_contents',
    ],
    [
      'too many dimensions',
      { outputs: [{ ...Y, shape: Array.from({ length: 70_000 }, () => 1) }] },
      'more than 65536 outputs, dimensions',
    ],
    [
      'many dimensions of typed contents',
      { outputs: [{ ...Y, shape: Array.from({ length: 1000 }, () => 1) }], raw_output_contents: [] },
      'at most 32 dimensions, got 1000',
    ],
  ])('refuses %s', async (_what, answer, message) => {
    const server = await serve({ ...SCRIPTS, ModelInfer: () => ({ ...ANSWER, ...answer }) });
    const failure = await failureOf(connectTo(server).infer(INFER, anAttempt()));
    expect(failure).toMatchObject({ kind: 'garbage', message: expect.stringContaining(message) });
  });

  it('refuses typed contents whose conversion would take long', async () => {
    const many = {
      ...Y,
      datatype: 'INT32',
      shape: [LIMIT],
      contents: { int_contents: Array.from({ length: LIMIT }, () => 300) },
    };
    const server = await serve({
      ModelMetadata: () => ({ ...DESCRIBED, outputs: [{ ...many, contents: undefined }] }),
      ModelInfer: () => ({ outputs: [many] }),
    });
    const connection = openGrpc(grpcTarget(server.port), LONG, 16 * LIMIT);
    open.push(connection);
    const failure = await failureOf(connection.infer(INFER, anAttempt()));
    expect(failure).toMatchObject({
      kind: 'garbage',
      message: expect.stringContaining('raw_output_contents'),
    });
  });

  it('sends the configured headers, and the deadline', async () => {
    let call!: ScriptedCall;
    const server = await serve({
      ...SCRIPTS,
      ModelInfer: (received) => {
        call = received;
        return ANSWER;
      },
    });
    const headers = { authorization: 'Bearer secret-key', 'x-team': 'a', 'x-raw-bin': 'AP8=' };
    await connectTo(server, { headers }).infer(INFER, anAttempt());
    expect(valueOf(call.metadata, 'authorization')).toBe('Bearer secret-key');
    expect(valueOf(call.metadata, 'x-team')).toBe('a');
    expect(valueOf(call.metadata, 'x-raw-bin')).toEqual(Buffer.of(0, 255));
    const remaining = Number(call.getDeadline()) - Date.now();
    expect(remaining).toBeGreaterThan(30_000);
    expect(remaining).toBeLessThanOrEqual(60_100);
  });

  it.each([{ authorization: 'Bearer secret-ä' }, { 'x y': 'secret' }])(
    'refuses headers that are not valid, and does not show them',
    (headers) => {
      expect(() => openGrpc(grpcTarget(1, { headers }), LONG, LIMIT)).toThrow(
        /^header "[a-z ]+" is not valid in gRPC; use printable ASCII characters$/,
      );
    },
  );

  it('ends the call when the attempt is cancelled, before and after it was sent', async () => {
    let cancelled!: () => void;
    let arrived!: () => void;
    const ended = new Promise<void>((resolve) => (cancelled = resolve));
    const running = new Promise<void>((resolve) => (arrived = resolve));
    const server = await serve({
      ...SCRIPTS,
      ModelInfer: (call) => {
        call.on('cancelled', cancelled);
        arrived();
      },
    });
    const connection = connectTo(server);
    await connection.describe(anAttempt());
    const late = anAttempt();
    const work = failureOf(connection.infer(INFER, late));
    await running;
    late.cancel();
    expect((await work).kind).toBe('broken');
    await ended;
    const early = anAttempt();
    early.cancel();
    expect((await failureOf(connection.infer(INFER, early))).kind).toBe('broken');
  });

  it('times out at the deadline of the attempt', async () => {
    const server = await serve({ ...SCRIPTS, ModelInfer: () => undefined });
    const connection = connectTo(server);
    await connection.describe(anAttempt());
    for (const ms of [50, 0, -5]) {
      const failure = await failureOf(connection.infer(INFER, new Attempt(performance.now() + ms)));
      expect(failure).toMatchObject({ kind: 'broken', details: { timedOut: true } });
    }
  });

  it('fails all requests in flight when it is closed, and those after', async () => {
    let arrived!: () => void;
    const running = new Promise<void>((resolve) => (arrived = resolve));
    const server = await serve({ ...SCRIPTS, ModelInfer: () => arrived() });
    const connection = connectTo(server);
    const work = failureOf(connection.infer(INFER, anAttempt()));
    await running;
    await connection.close();
    expect((await work).message).toBe('the connections to the target are closed');
    expect((await failureOf(connection.infer(INFER, anAttempt()))).kind).toBe('connect');
  });
});

function headOf({ name, datatype, shape }: Tensor): Message {
  return { name, datatype, shape };
}
