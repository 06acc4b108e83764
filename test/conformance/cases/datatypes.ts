import { DATATYPES, type Datatype } from '../../fixtures/datatypes.ts';
import type { Case, TransportName } from '../case.ts';
import { sameTensors } from '../expect.ts';
import { identityOf } from '../models.ts';
import { renamed, tensor, type Element } from '../tensor.ts';
import { readMessage, typedMessage } from '../transports/grpc-client.ts';

/** Values on which implementations differ: the ends of the range, and what lies beyond a double's exact integers. */
const LIMITS: Readonly<Record<Datatype, readonly Element[]>> = {
  BOOL: [true, false],
  UINT8: [0, 1, 255],
  UINT16: [0, 1, 65_535],
  UINT32: [0, 1, 4_294_967_295],
  UINT64: [0n, 2n ** 53n + 1n, 2n ** 64n - 1n],
  INT8: [-128, -1, 0, 127],
  INT16: [-32_768, -1, 0, 32_767],
  INT32: [-2_147_483_648, -1, 0, 2_147_483_647],
  INT64: [-(2n ** 63n), -(2n ** 53n) - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n],
  FP16: [-65_504, 65_504, 2 ** -14, 2 ** -24, 0.5],
  FP32: [-3.4028234663852886e38, 3.4028234663852886e38, 2 ** -126, 2 ** -149, 0.1],
  FP64: [-Number.MAX_VALUE, Number.MAX_VALUE, 2 ** -1022, Number.MIN_VALUE, 0.1],
  BYTES: ['a', 'two words'],
};

const FLOATS = ['FP16', 'FP32', 'FP64'] as const;
const TENSOR_DATA = 'Open Inference Protocol V2, Tensor Data';
const SPECIAL =
  'IEEE 754; the protocol has no JSON form, clients send NaN and Infinity bare as Triton takes them';

/** Every datatype goes in and comes out unchanged, to the bit. */
export const datatypeCases: readonly Case[] = [
  ...DATATYPES.flatMap((datatype) => echoes(`${datatype} keeps its limits`, datatype, LIMITS[datatype])),
  ...FLOATS.flatMap((datatype) => echoes(`${datatype} keeps negative zero`, datatype, [0, -0])),
  ...FLOATS.flatMap((datatype) =>
    echoes(`${datatype} keeps NaN and infinities`, datatype, [NaN, Infinity, -Infinity], SPECIAL),
  ),
  ...DATATYPES.filter((datatype) => datatype !== 'FP16').map(typed),
];

/** JSON has its own level: Triton takes no FP16 in it, and special values have no form in the specification. */
function echoes(name: string, datatype: Datatype, elements: readonly Element[], jsonBasis?: string): Case[] {
  const run = echo(datatype, elements);
  const bytes: TransportName[] = ['REST binary', 'gRPC'];
  if (datatype !== 'FP16' && jsonBasis === undefined)
    return [{ name, level: 'required', basis: TENSOR_DATA, run }];
  return [
    { name, level: 'required', basis: TENSOR_DATA, on: bytes, run },
    {
      name: `${name} in JSON`,
      level: 'recommended',
      basis: jsonBasis ?? 'Datatypes table of the protocol; Triton takes FP16 as bytes only',
      on: ['REST JSON'],
      run,
    },
  ];
}

function echo(datatype: Datatype, elements: readonly Element[]): Case['run'] {
  const input = tensor('in', datatype, [elements.length], elements);
  return async ({ client }) => {
    const { outputs } = await client.infer({ model: identityOf(datatype), inputs: [input] });
    sameTensors(outputs, [renamed(input, 'out')]);
  };
}

function typed(datatype: Datatype): Case {
  const elements = LIMITS[datatype];
  const input = tensor('in', datatype, [elements.length], elements);
  return {
    name: `${datatype} goes in through the typed contents`,
    level: 'required',
    basis: 'Open Inference Protocol V2, gRPC, InferTensorContents',
    on: ['gRPC'],
    run: async ({ grpc }) => {
      const request = typedMessage({ model: identityOf(datatype), inputs: [input] });
      sameTensors(readMessage(await grpc.call('ModelInfer', request)).outputs, [renamed(input, 'out')]);
    },
  };
}
