import { join } from 'node:path';
import { DATATYPES, ONNX_NAME, type Datatype } from '../fixtures/datatypes.ts';
import { affine } from '../fixtures/models.ts';
import { model, node, save, value } from '../fixtures/onnx.ts';

type Dimension = number | string;

/** An input or output of a model, as Triton's configuration has it. */
interface Port {
  readonly name: string;
  readonly datatype: Datatype;
  readonly rank: number;
}

/** A model of the suite: what is in its versions, and what it takes and gives. */
interface SuiteModel {
  readonly versions: readonly Uint8Array[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** The name of the model that gives back a vector of a datatype: input `in`, output `out`, shape [-1]. */
export function identityOf(datatype: Datatype): string {
  return `identity_${datatype.toLowerCase()}`;
}

/** The name of the model that gives back an FP32 tensor of a rank; rank 0 is a scalar. */
export function identityOfRank(rank: number): string {
  return `identity_rank${rank}`;
}

/** The ranks there are such models of; {@link identityOf} has 1. */
export const RANKS = [0, 2, 4, 8];

/**
 * Every model the suite calls. `affine` gives y = 2x + 1 of rows of any width. `versions` gives y = 2x + 1 in version 1
 * and y = 3x + 1 in version 2. `sum_difference` gives a + b and a - b.
 */
export const MODELS: Readonly<Record<string, SuiteModel>> = {
  ...Object.fromEntries(DATATYPES.map((datatype) => [identityOf(datatype), identity(datatype, 1)])),
  ...Object.fromEntries(RANKS.map((rank) => [identityOfRank(rank), identity('FP32', rank)])),
  affine: { versions: [affine()], inputs: [port('x', 2)], outputs: [port('y', 2)] },
  versions: { versions: [affine(2), affine(3)], inputs: [port('x', 2)], outputs: [port('y', 2)] },
  sum_difference: {
    versions: [sumDifference()],
    inputs: [port('a', 2), port('b', 2)],
    outputs: [port('sum', 2), port('difference', 2)],
  },
};

/** Writes every model to `folder` in Triton's layout; with a configuration for Triton beside each when asked for. */
export function writeModels(folder: string, { config = false } = {}): void {
  for (const [name, suiteModel] of Object.entries(MODELS)) {
    suiteModel.versions.forEach((bytes, index) => {
      save(join(folder, name, String(index + 1), 'model.onnx'), bytes);
    });
    if (config) save(join(folder, name, 'config.pbtxt'), configOf(suiteModel));
  }
}

function identity(datatype: Datatype, rank: number): SuiteModel {
  const element = ONNX_NAME[datatype];
  const shape: Dimension[] = Array.from({ length: rank }, (_, index) => `d${index}`);
  const graph = {
    input: [value('in', element, shape)],
    output: [value('out', element, shape)],
    node: [node('Identity', ['in'], ['out'])],
  };
  const [inputs, outputs] = ['in', 'out'].map((name) => [{ name, datatype, rank }]);
  return { versions: [model(graph)], inputs: inputs!, outputs: outputs! };
}

function sumDifference(): Uint8Array {
  const shape = ['batch', 'width'];
  return model({
    input: [value('a', 'FLOAT', shape), value('b', 'FLOAT', shape)],
    output: [value('sum', 'FLOAT', shape), value('difference', 'FLOAT', shape)],
    node: [node('Add', ['a', 'b'], ['sum']), node('Sub', ['a', 'b'], ['difference'])],
  });
}

function port(name: string, rank: number): Port {
  return { name, datatype: 'FP32', rank };
}

/** Batching is off, for then Triton takes and gives the shapes as the model has them. */
function configOf({ inputs, outputs }: SuiteModel): string {
  return `platform: "onnxruntime_onnx"
max_batch_size: 0
version_policy: { all: {} }
input [${inputs.map(portConfig).join()}
]
output [${outputs.map(portConfig).join()}
]
`;
}

/** Triton has no scalars on the wire: a shape [1] that it reshapes comes closest. */
function portConfig({ name, datatype, rank }: Port): string {
  const type = datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
  const dims = rank === 0 ? '[ 1 ], reshape: { shape: [ ] }' : `[ ${Array(rank).fill(-1).join(', ')} ]`;
  return `\n  { name: "${name}", data_type: ${type}, dims: ${dims} }`;
}
