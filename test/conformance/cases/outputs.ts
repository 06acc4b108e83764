import type { Case } from '../case.ts';
import { equal, refused, sameTensors } from '../expect.ts';
import { tensor } from '../tensor.ts';
import type { InferRequest } from '../transports/client.ts';

const REQUEST = 'Open Inference Protocol V2, Inference Request';
const RESPONSE = 'Open Inference Protocol V2, Inference Response';
const SHAPE = [1, 2];

/** A request to the model of two inputs and two outputs, and what comes back. */
const BOTH: InferRequest = {
  model: 'sum_difference',
  inputs: [tensor('a', 'FP32', SHAPE, [5, 6]), tensor('b', 'FP32', SHAPE, [3, 2])],
};
const SUM = tensor('sum', 'FP32', SHAPE, [8, 8]);
const DIFFERENCE = tensor('difference', 'FP32', SHAPE, [2, 4]);
const X = tensor('x', 'FP32', SHAPE, [1, 2]);

/** Which outputs come, and what else an answer says. */
export const outputCases: readonly Case[] = [
  gives('every output comes when none is asked for', BOTH, [SUM, DIFFERENCE]),
  gives('every output comes for an empty list', { ...BOTH, outputs: [] }, [SUM, DIFFERENCE]),
  gives('only the output asked for comes', { ...BOTH, outputs: ['difference'] }, [DIFFERENCE]),
  {
    ...gives('outputs come in the order asked for', { ...BOTH, outputs: ['difference', 'sum'] }, [
      DIFFERENCE,
      SUM,
    ]),
    level: 'recommended',
    basis: 'Clients read binary outputs by position',
  },
  gives('inputs may come in any order', { ...BOTH, inputs: BOTH.inputs.toReversed() }, [SUM, DIFFERENCE]),
  {
    name: 'the id comes back',
    level: 'required',
    basis: RESPONSE,
    run: async ({ client }) => equal('id', (await client.infer({ ...BOTH, id: 'grün 1' })).id, 'grün 1'),
  },
  {
    name: 'the answer names the model and the version asked for',
    level: 'required',
    basis: RESPONSE,
    run: async ({ client }) => {
      const { model, version } = await client.infer({ model: 'versions', version: '1', inputs: [X] });
      equal('model and version', [model, version], ['versions', '1']);
    },
  },
  gives('version 1 answers when asked for', { model: 'versions', version: '1', inputs: [X] }, [y(3, 5)]),
  gives('version 2 answers when asked for', { model: 'versions', version: '2', inputs: [X] }, [y(4, 7)]),
  {
    ...gives('the newest version answers when none is asked for', { model: 'versions', inputs: [X] }, [
      y(4, 7),
    ]),
    level: 'recommended',
    basis: 'The protocol leaves the choice to the server; Triton takes the newest',
  },
  refuses('an unknown output', { ...BOTH, outputs: ['product'] }),
  { ...refuses('an output asked for twice', { ...BOTH, outputs: ['sum', 'sum'] }), level: 'recommended' },
];

function gives(name: string, request: InferRequest, expected: readonly ReturnType<typeof y>[]): Case {
  return {
    name,
    level: 'required',
    basis: REQUEST,
    run: async ({ client }) => sameTensors((await client.infer(request)).outputs, expected),
  };
}

function refuses(what: string, request: InferRequest): Case {
  return {
    name: `${what} is refused`,
    level: 'required',
    basis: REQUEST,
    run: async ({ client }) => void (await refused(client.infer(request))),
  };
}

function y(...elements: number[]) {
  return tensor('y', 'FP32', SHAPE, elements);
}
