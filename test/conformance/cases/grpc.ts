import type { Case } from '../case.ts';
import { equal, holds, refused, sameTensors } from '../expect.ts';
import { tensor } from '../tensor.ts';
import { rawMessage, readMessage, typedMessage } from '../transports/grpc-client.ts';
import type { Message } from '../transports/grpc.ts';

const INFER = 'Open Inference Protocol V2, gRPC, ModelInfer';
const STREAM = "Triton's ModelStreamInfer";
const GOOD = { model: 'affine', inputs: [tensor('x', 'FP32', [1, 2], [2, 3])] };
const Y = tensor('y', 'FP32', [1, 2], [5, 7]);
const RAW = rawMessage(GOOD);

/** What only gRPC has: raw and typed contents, and streams. */
export const grpcCases: readonly Case[] = [
  {
    name: 'outputs come as raw contents',
    level: 'recommended',
    basis: 'tritonclient reads raw contents only',
    on: ['gRPC'],
    run: async ({ grpc }) => {
      const { raw_output_contents } = await grpc.call('ModelInfer', RAW);
      equal('raw outputs', (raw_output_contents as unknown[]).length, 1);
    },
  },
  {
    name: 'empty typed contents beside raw ones are accepted',
    level: 'recommended',
    basis: "MLServer's client sends them",
    on: ['gRPC'],
    run: async ({ grpc }) => {
      const inputs = (RAW.inputs as object[]).map((input) => ({ ...input, contents: {} }));
      sameTensors(readMessage(await grpc.call('ModelInfer', { ...RAW, inputs })).outputs, [Y]);
    },
  },
  refuses('raw and typed contents together', {
    ...typedMessage(GOOD),
    raw_input_contents: RAW.raw_input_contents,
  }),
  refuses('fewer raw contents than inputs', { ...RAW, raw_input_contents: [] }),
  refuses('more raw contents than inputs', { ...RAW, raw_input_contents: [Y.bytes, Y.bytes] }),
  refuses('typed contents of another datatype', {
    ...RAW,
    raw_input_contents: [],
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], contents: { int_contents: [2, 3] } }],
  }),
  {
    name: 'a stream answers every request, each with its id',
    level: 'recommended',
    basis: STREAM,
    on: ['gRPC'],
    run: async ({ grpc }) => {
      const ids = ['a', 'b', 'c'];
      const answers = await grpc.stream(
        'ModelStreamInfer',
        ids.map((id) => rawMessage({ ...GOOD, id })),
      );
      const inferred = answers.map(({ infer_response }) => readMessage(infer_response as Message));
      equal('ids', inferred.map(({ id }) => id).toSorted(), ids);
      for (const { outputs } of inferred) sameTensors(outputs, [Y]);
    },
  },
  {
    name: 'a stream tells an error and goes on',
    level: 'recommended',
    basis: STREAM,
    on: ['gRPC'],
    run: async ({ grpc }) => {
      const answers = await grpc.stream('ModelStreamInfer', [{ ...RAW, model_name: 'no_such_model' }, RAW]);
      equal('answers', answers.length, 2);
      const failed = answers.filter(({ error_message }) => error_message !== '');
      holds(failed.length === 1, 'one error_message', failed.length);
    },
  },
];

function refuses(what: string, message: Message): Case {
  return {
    name: `${what} are refused`,
    level: 'required',
    basis: INFER,
    on: ['gRPC'],
    run: async ({ grpc }) => void (await refused(grpc.call('ModelInfer', message))),
  };
}
