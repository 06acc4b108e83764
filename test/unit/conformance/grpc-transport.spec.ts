import fc from 'fast-check';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { GrpcProtocolClient, readMessage, typedMessage } from '../../conformance/transports/grpc-client';
import { Grpc } from '../../conformance/transports/grpc';
import { anyTensor, DATATYPES, tensor } from '../codec/tensors';

/** A server that answers inference with what came in, and that fails `ModelReady` the way the model's name says. */
const handlers = {
  ModelInfer: ({ request }: ServerUnaryCall<any, object>, done: sendUnaryData<object>) =>
    done(null, echoOf(request)),
  ModelReady: ({ request }: ServerUnaryCall<any, object>, done: sendUnaryData<object>) =>
    request.name === 'good'
      ? done(null, { ready: true })
      : done({ code: status[request.name as keyof typeof status], details: request.version }),
  ModelStreamInfer: (call: ServerDuplexStream<any, object>) => {
    call.on('data', (request) => {
      if (request.model_name === 'broken') call.emit('error', { code: status.INTERNAL, details: 'why' });
      else call.write({ infer_response: echoOf(request) });
    });
    call.on('end', () => call.end());
  },
};

function echoOf({ model_name, id, inputs, raw_input_contents }: any): object {
  return { model_name, model_version: '1', id, outputs: inputs, raw_output_contents: raw_input_contents };
}

let server: Server;
let grpc: Grpc;

beforeAll(async () => {
  const loaded = loadSync('test/conformance/inference.proto', {
    keepCase: true,
    longs: String,
    defaults: true,
  });
  const { inference } = loadPackageDefinition(loaded) as any;
  const { service } = inference.GRPCInferenceService as ServiceClientConstructor;
  server = new Server();
  server.addService(service, handlers);
  const bound = new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  grpc = new Grpc(`127.0.0.1:${await bound}`);
});

afterAll(() => {
  grpc.close();
  server.forceShutdown();
});

const inputs = fc.array(tensor, { minLength: 1, maxLength: 3 });
const named = (tensors: readonly { datatype: string; shape: readonly number[]; data: Uint8Array }[]) =>
  tensors.map(({ datatype, shape, data }, index) => ({
    name: `x${index}`,
    datatype,
    shape: [...shape],
    bytes: Buffer.from(data),
  }));

describe('the gRPC transport of the conformance suite', () => {
  it('brings raw tensors there and back', async () => {
    const client = new GrpcProtocolClient(grpc);
    await fc.assert(
      fc.asyncProperty(inputs, fc.string(), async (tensors, id) => {
        const request = { model: 'm', id, inputs: named(tensors) };
        const expected = { id, model: 'm', version: '1', outputs: request.inputs };
        expect(await client.infer(request)).toEqual(expected);
      }),
    );
  });

  it.each(DATATYPES.filter((datatype) => datatype !== 'FP16'))(
    'brings typed %s there and back',
    async (datatype) => {
      await fc.assert(
        fc.asyncProperty(anyTensor(datatype), async (given) => {
          const [input] = named([given]);
          const answer = await grpc.call('ModelInfer', typedMessage({ model: 'm', inputs: [input!] }));
          expect(readMessage(answer).outputs).toEqual([input]);
        }),
      );
    },
  );

  it('gives every answer of a stream', async () => {
    const requests = ['a', 'b'].map((id) => ({ model_name: 'm', id }));
    const answers = await grpc.stream('ModelStreamInfer', requests);
    expect(answers.map(({ infer_response }: any) => infer_response.id)).toEqual(['a', 'b']);
  });

  it.each([
    ['INVALID_ARGUMENT', 'why', true],
    ['NOT_FOUND', 'why', true],
    ['OUT_OF_RANGE', 'why', true],
    ['INVALID_ARGUMENT', '', false],
    ['INTERNAL', 'why', false],
    ['UNKNOWN', 'why', false],
    ['UNIMPLEMENTED', 'why', false],
  ])('a refusal with %s and the text %j blames the client: %s', async (code, text, blamesClient) => {
    await expect(grpc.call('ModelReady', { name: code, version: text })).rejects.toMatchObject({
      status: code,
      message: `${code}: ${text || 'no message'}`,
      blamesClient,
    });
  });

  it('rejects a stream that fails', async () => {
    const call = grpc.stream('ModelStreamInfer', [{ model_name: 'broken' }]);
    await expect(call).rejects.toMatchObject({ status: 'INTERNAL', blamesClient: false });
  });

  it('tells whether there is a server', async () => {
    await expect(grpc.connect(10_000)).resolves.toBeUndefined();
    const nobody = new Grpc('127.0.0.1:1');
    await expect(nobody.connect(1)).rejects.toThrow('Failed to connect');
    nobody.close();
  });
});
