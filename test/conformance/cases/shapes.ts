import type { Case, TransportName } from '../case.ts';
import { sameTensors } from '../expect.ts';
import { identityOf, identityOfRank } from '../models.ts';
import { renamed, tensor, type Tensor } from '../tensor.ts';
import { readAnswer } from '../transports/rest.ts';

const TENSORS = 'Open Inference Protocol V2, Tensor Data';
const EMPTY = 'Triton: binary_data_size may be 0; clients send empty batches';
const ALL: readonly TransportName[] = ['REST JSON', 'REST binary', 'gRPC'];

/** Shapes from scalars to eight dimensions come back as they went, and data may be nested. */
export const shapeCases: readonly Case[] = [
  echoes('a scalar of shape []', [], {
    level: 'recommended',
    basis: 'ONNX has scalars; Triton needs a reshape to [1]',
  }),
  echoes('one element of rank 2', [1, 1]),
  echoes('rank 4', [2, 3, 1, 2]),
  echoes('rank 8', [1, 2, 1, 2, 1, 2, 1, 2]),
  echoes('no rows', [0, 3], { level: 'recommended', basis: EMPTY }),
  echoes('rows of no columns', [2, 0], { level: 'recommended', basis: EMPTY }),
  {
    name: 'strings of shape [0]',
    level: 'recommended',
    basis: EMPTY,
    run: async ({ client }) => {
      const input = tensor('in', 'BYTES', [0], []);
      const { outputs } = await client.infer({ model: identityOf('BYTES'), inputs: [input] });
      sameTensors(outputs, [renamed(input, 'out')]);
    },
  },
  {
    name: 'a batch of rows is computed row by row',
    level: 'required',
    basis: TENSORS,
    run: async ({ client }) => {
      const inputs = [tensor('x', 'FP32', [3, 2], [1, 2, 3, 4, 5, 6])];
      const { outputs } = await client.infer({ model: 'affine', inputs });
      sameTensors(outputs, [tensor('y', 'FP32', [3, 2], [3, 5, 7, 9, 11, 13])]);
    },
  },
  data('flat', [1, 2, 3, 4]),
  data('nested like its shape', [
    [1, 2],
    [3, 4],
  ]),
];

function echoes(
  what: string,
  shape: readonly number[],
  { level, basis }: Pick<Case, 'level' | 'basis'> = { level: 'required', basis: TENSORS },
): Case {
  const input = counting(shape);
  return {
    name: `${what} comes back in its shape`,
    level,
    basis,
    on: ALL,
    run: async ({ client }) => {
      const { outputs } = await client.infer({ model: identityOfRank(shape.length), inputs: [input] });
      sameTensors(outputs, [renamed(input, 'out')]);
    },
  };
}

function data(form: string, content: unknown): Case {
  return {
    name: `JSON data may be ${form}`,
    level: 'required',
    basis: TENSORS,
    on: ['REST JSON'],
    run: async ({ rest }) => {
      const inputs = [{ name: 'x', datatype: 'FP32', shape: [2, 2], data: content }];
      const answer = await rest.infer('affine', { body: JSON.stringify({ inputs }) });
      sameTensors(readAnswer(answer).outputs, [tensor('y', 'FP32', [2, 2], [3, 5, 7, 9])]);
    },
  };
}

function counting(shape: readonly number[]): Tensor {
  const length = shape.reduce((product, dimension) => product * dimension, 1);
  return tensor(
    'in',
    'FP32',
    shape,
    Array.from({ length }, (_, index) => index + 0.5),
  );
}
