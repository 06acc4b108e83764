import type { Case, Level, TransportName } from '../case.ts';
import { equal, holds, refused } from '../expect.ts';
import { tensor, type Tensor } from '../tensor.ts';
import type { InferRequest } from '../transports/client.ts';

const BASIS = 'Open Inference Protocol V2, Inference Error';
const X = tensor('x', 'FP32', [1, 2], [1, 2]);
const FIVE = tensor('x', 'FP32', [5], [1, 2, 3, 4, 5]).bytes;

/** Mistakes of a client are told to be that, with a text; never a server error. */
export const errorCases: readonly Case[] = [
  {
    name: 'inference with an unknown model is not found',
    level: 'required',
    basis: BASIS,
    run: async ({ client }) => notFound(client.infer({ model: 'no_such_model', inputs: [X] })),
  },
  {
    name: 'inference with an unknown version is not found',
    level: 'required',
    basis: BASIS,
    run: async ({ client }) => notFound(client.infer({ model: 'affine', version: '99', inputs: [X] })),
  },
  refuses('another datatype', [tensor('x', 'INT32', [1, 2], [1, 2])]),
  refuses('a datatype the protocol lacks', [{ ...X, datatype: 'FLOAT' }], 'required', [
    'REST binary',
    'gRPC',
  ]),
  refuses('a dimension too many', [{ ...X, shape: [1, 2, 1] }]),
  refuses('a dimension too few', [{ ...X, shape: [2] }]),
  refuses('an unknown input', [{ ...X, name: 'z' }]),
  refuses('no input', []),
  refuses('an input too many', [X, { ...X, name: 'z' }]),
  refuses('an input twice', [X, X]),
  refuses('too little data', [{ ...X, shape: [2, 2] }]),
  refuses('too much data', [{ ...X, bytes: FIVE }], 'required', ['REST binary', 'gRPC']),
  refuses('too many elements', [{ ...X, bytes: FIVE.subarray(0, 12) }]),
  refuses('half an element', [{ ...X, bytes: FIVE.subarray(0, 6) }], 'required', ['REST binary', 'gRPC']),
  refuses('a negative dimension', [{ ...X, shape: [-1, 2] }]),
  refuses('two negative dimensions', [{ ...X, shape: [-1, -2] }]),
  refuses('a shape of terabytes', [{ ...X, shape: [2 ** 20, 2 ** 20] }]),
  refuses('a shape beyond 64 bits', [{ ...X, shape: [2 ** 40, 2 ** 40] }], 'recommended'),
  {
    ...refuses('an input of two missing', [tensor('a', 'FP32', [1, 1], [1])]),
    run: async ({ client }) => {
      const inputs = [tensor('a', 'FP32', [1, 1], [1])];
      await refused(client.infer({ model: 'sum_difference', inputs }));
    },
  },
  refusesText('a length beyond the tensor', [9, 0, 0, 0, 97]),
  refusesText('a length cut short', [1, 0]),
  refusesText('an element too many', [1, 0, 0, 0, 97, 1, 0, 0, 0, 98]),
  {
    name: 'a server that refused still serves',
    level: 'required',
    basis: BASIS,
    run: async ({ client }) => equal('outputs', (await client.infer(asking([X]))).outputs.length, 1),
  },
];

async function notFound(call: Promise<unknown>): Promise<void> {
  const { status, message } = await refused(call);
  holds([404, 'NOT_FOUND'].includes(status), '404 or NOT_FOUND', message);
}

function refuses(
  what: string,
  inputs: Tensor[],
  level: Level = 'required',
  on?: readonly TransportName[],
): Case {
  const run: Case['run'] = async ({ client }) => void (await refused(client.infer(asking(inputs))));
  return { name: `${what} is refused`, level, basis: BASIS, run, ...(on && { on }) };
}

function refusesText(what: string, bytes: number[]): Case {
  const input = { name: 'in', datatype: 'BYTES', shape: [1], bytes: Buffer.from(bytes) };
  return {
    name: `BYTES with ${what} are refused`,
    level: 'required',
    basis: 'Binary tensor data extension, BYTES',
    on: ['REST binary', 'gRPC'],
    run: async ({ client }) =>
      void (await refused(client.infer({ model: 'identity_bytes', inputs: [input] }))),
  };
}

function asking(inputs: readonly Tensor[]): InferRequest {
  return { model: 'affine', inputs };
}
