import { closeSync, fstatSync, openSync } from 'node:fs';
import type { TensorSpec } from '../../tensor/tensor';
import { Graph, type GraphNode } from './graph';
import { ProtobufFileReader } from './wire';

/** Operators with one scale for the whole tensor, so that the largest row determines the rounding of all rows. */
const QUANTIZERS = new Set([
  'DynamicQuantizeLinear',
  'com.microsoft.DynamicQuantizeMatMul',
  'com.microsoft.DynamicQuantizeLSTM',
]);

/** Operators whose result depends only on the shape of a tensor, not on its elements. */
const SIZES = new Set(['Shape', 'Size']);

/** Element-wise operators, with NumPy-style broadcasting. */
const ELEMENTWISE = new Set(
  `Abs Add And Cast Ceil Clip Cos Div Dropout Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid
  HardSwish Identity LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu
  Round Selu Sigmoid Sign Sin Softplus Softsign Sqrt Sub Sum Tan Tanh Where Xor`.split(/\s+/),
);

/** Other operators that pass the elements of their first input on. */
const PASS_FIRST_INPUT = new Set(
  'Expand Flatten Gemm MatMul Reshape Squeeze Transpose Unsqueeze Concat Softmax LogSoftmax'.split(' '),
);

/** Default of the attribute `axis`, by operator. */
const DEFAULT_AXIS: Readonly<Record<string, number>> = {
  ArgMax: 0,
  ArgMin: 0,
  Hardmax: -1,
  LayerNormalization: -1,
  LogSoftmax: -1,
  LpNormalization: -1,
  RMSNormalization: -1,
  SimplifiedLayerNormalization: -1,
  Softmax: -1,
  TopK: -1,
};

/**
 * Returns an operator that certainly makes the rows of the model at `path` depend on each other, or undefined if a
 * cheap inspection of the graph finds none. Subgraphs and functions are not inspected.
 *
 * @param inputs all inputs of the model; their first dimension is the rows.
 * @throws Error if the file is not an ONNX model.
 */
export function mixingOperator(path: string, inputs: readonly TensorSpec[]): string | undefined {
  const fd = openSync(path, 'r');
  try {
    const reader = new ProtobufFileReader(fd);
    const graph = reader.last({ number: 0, start: 0, end: fstatSync(fd).size, value: 0 }, 7);
    return graph && new Flow(new Graph(reader, graph), inputs).mixer();
  } finally {
    closeSync(fd);
  }
}

/** Traces rows from the inputs of a graph to its outputs. */
class Flow {
  /** Tensors that are computed from the elements of an input. */
  private readonly derived = new Set<string>();
  /** Tensors whose first dimension is certainly the rows, with their rank. */
  private readonly ranks = new Map<string, number>();
  /** Tensors whose elements depend on all rows, with the operator that caused it. */
  private readonly mixed = new Map<string, string>();

  constructor(
    private readonly graph: Graph,
    inputs: readonly TensorSpec[],
  ) {
    for (const { name, shape } of inputs) {
      this.derived.add(name);
      this.ranks.set(name, shape.length);
    }
  }

  mixer(): string | undefined {
    for (const node of this.graph.nodes) {
      const { op, inputs, outputs } = node;
      const [first = ''] = inputs;
      if (QUANTIZERS.has(op) && this.derived.has(first)) return op;
      if (!SIZES.has(op) && inputs.some((name) => this.derived.has(name)))
        for (const name of outputs) this.derived.add(name);
      const mixer = this.mixesNow(node) ? op : this.mixerOf(node);
      if (mixer !== undefined) for (const name of outputs) this.mixed.set(name, mixer);
      else if (ELEMENTWISE.has(op)) this.carryRows(node);
    }
    return this.graph.outputs.map((name) => this.mixed.get(name)).find((mixer) => mixer !== undefined);
  }

  /** The operator that mixed the rows of an input that `node` passes on. */
  private mixerOf({ op, inputs }: GraphNode): string | undefined {
    const passedOn = ELEMENTWISE.has(op) ? inputs : PASS_FIRST_INPUT.has(op) ? inputs.slice(0, 1) : [];
    return passedOn.map((name) => this.mixed.get(name)).find((mixer) => mixer !== undefined);
  }

  private carryRows({ inputs, outputs }: GraphNode): void {
    const given = inputs.filter((name) => name !== '');
    const ranks = given.map((name) => this.ranks.get(name) ?? this.graph.constantShape(name)?.length);
    const most = Math.max(...ranks.map((rank) => rank ?? Infinity));
    // Broadcasting prepends dimensions to tensors of lower rank.
    if (given.some((name) => this.ranks.get(name) === most)) this.ranks.set(outputs[0]!, most);
  }

  /** Whether `node` combines the rows of its first input. */
  private mixesNow(node: GraphNode): boolean {
    const { op, inputs } = node;
    const rank = this.ranks.get(inputs[0] ?? '');
    if (rank === undefined) return false;
    const isRows = (axis: number) => axis === 0 || axis === -rank;
    if (op.startsWith('Reduce')) return this.reducedAxes(node, rank)?.some(isRows) ?? false;
    if (op === 'CumSum') return this.graph.constantIntegers(inputs[1] ?? '')?.some(isRows) ?? false;
    if (op === 'MeanVarianceNormalization') return (this.graph.integers(node, 'axes') ?? [0]).some(isRows);
    if (op === 'BatchNormalization') return this.graph.integer(node, 'training_mode') === 1;
    const axis = DEFAULT_AXIS[op];
    return axis !== undefined && isRows(this.graph.integer(node, 'axis') ?? axis);
  }

  /** The axes of a reduction; undefined if they are known only at run time. */
  private reducedAxes(node: GraphNode, rank: number): readonly number[] | undefined {
    const [, name = ''] = node.inputs;
    const axes = name === '' ? this.graph.integers(node, 'axes') : this.graph.constantIntegers(name);
    if (axes === undefined && name !== '') return undefined;
    if (axes !== undefined && axes.length > 0) return axes;
    const all = Array.from({ length: rank }, (_, axis) => axis);
    return this.graph.integer(node, 'noop_with_empty_axes') === 1 ? [] : all;
  }
}
