import { closeSync, fstatSync, openSync } from 'node:fs';
import type { TensorSpec } from '../../tensor/tensor';
import { Graph, type GraphNode } from './graph';
import { ProtobufFileReader } from './wire';

/** One scale for the whole tensor: every row is rounded by what the largest needs. */
const QUANTIZERS = new Set([
  'DynamicQuantizeLinear',
  'com.microsoft.DynamicQuantizeMatMul',
  'com.microsoft.DynamicQuantizeLSTM',
]);

/** What they give says how large a tensor is, and nothing of its elements. */
const SIZES = new Set(['Shape', 'Size']);

/** Operators of one element at a time, with the broadcasting of NumPy. */
const ELEMENTWISE = new Set(
  `Abs Add And Cast Ceil Clip Cos Div Dropout Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid
  HardSwish Identity LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu
  Round Selu Sigmoid Sign Sin Softplus Softsign Sqrt Sub Sum Tan Tanh Where Xor`.split(/\s+/),
);

/** Operators, other than those, whose result has the elements of their first input in it. */
const PASSES_FIRST = new Set(
  'Expand Flatten Gemm MatMul Reshape Squeeze Transpose Unsqueeze Concat Softmax LogSoftmax'.split(' '),
);

/** The axis that an operator works along where it has no attribute `axis`. */
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
 * The operator by which the rows of the model at `path` certainly depend on each other, as far as a look at its graph can
 * tell at little cost; undefined when it cannot. Bodies of operators and functions are not looked into.
 *
 * @param inputs all of them; their first dimension is that of the rows.
 * @throws Error when the file is no ONNX model.
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

/** Follows rows from the inputs of a graph to its outputs. */
class Flow {
  /** Tensors that are made of the elements of an input. */
  private readonly derived = new Set<string>();
  /** Those of which it is certain that their first dimension is the rows, and their number of dimensions. */
  private readonly ranks = new Map<string, number>();
  /** Those whose elements come from all rows, and the operator that did it. */
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

  /** The operator that has mixed what `node` hands on. */
  private mixerOf({ op, inputs }: GraphNode): string | undefined {
    const handedOn = ELEMENTWISE.has(op) ? inputs : PASSES_FIRST.has(op) ? inputs.slice(0, 1) : [];
    return handedOn.map((name) => this.mixed.get(name)).find((mixer) => mixer !== undefined);
  }

  private carryRows({ inputs, outputs }: GraphNode): void {
    const given = inputs.filter((name) => name !== '');
    const ranks = given.map((name) => this.ranks.get(name) ?? this.graph.constantShape(name)?.length);
    const most = Math.max(...ranks.map((rank) => rank ?? Infinity));
    // Broadcasting puts dimensions in front of a tensor that has fewer.
    if (given.some((name) => this.ranks.get(name) === most)) this.ranks.set(outputs[0]!, most);
  }

  /** Whether `node` works across the rows of its first input. */
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

  /** The axes that a reduction removes; undefined when they are known at run time only. */
  private reducedAxes(node: GraphNode, rank: number): readonly number[] | undefined {
    const [, name = ''] = node.inputs;
    const axes = name === '' ? this.graph.integers(node, 'axes') : this.graph.constantIntegers(name);
    if (axes === undefined && name !== '') return undefined;
    if (axes !== undefined && axes.length > 0) return axes;
    const all = Array.from({ length: rank }, (_, axis) => axis);
    return this.graph.integer(node, 'noop_with_empty_axes') === 1 ? [] : all;
  }
}
