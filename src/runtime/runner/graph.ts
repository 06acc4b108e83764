import type { ProtobufField, ProtobufFileReader } from './wire';

/** One operator of a graph (NodeProto in onnx.proto). */
export interface GraphNode {
  /** The operator, prefixed with its domain unless that is the default domain: `Relu`, `com.microsoft.FusedMatMul`. */
  readonly op: string;
  /** Names of tensors; '' for an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Location of the node in the file. */
  readonly field: ProtobufField;
}

/** Maximum number of elements of a constant to read. Axes and similar constants are small. */
const MAX_CONSTANT = 64;

const INT64 = 7;

/** Field numbers in onnx.proto. Subgraphs, such as the branches of an If, are not read. */
const GRAPH = { node: 1, initializer: 5, output: 12 } as const;
const NODE = { input: 1, output: 2, op: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, integer: 3, tensor: 5, integers: 8 } as const;
const TENSOR = { dims: 1, type: 2, integers: 7, name: 8, raw: 9 } as const;

/** The main graph of an ONNX file: its operators and constants. Weights are not read. */
export class Graph {
  /** In file order, which is a valid order of execution. */
  readonly nodes: readonly GraphNode[];
  /** Names of the outputs of the graph. */
  readonly outputs: readonly string[];
  /** Locations of initializers and of the tensors of Constant nodes, by name. */
  private readonly constants: ReadonlyMap<string, ProtobufField>;

  /** @throws Error if `graph` is not a valid GraphProto. */
  constructor(
    private readonly reader: ProtobufFileReader,
    graph: ProtobufField,
  ) {
    const nodes: GraphNode[] = [];
    const outputs: string[] = [];
    const constants = new Map<string, ProtobufField>();
    for (const field of reader.fields(graph)) {
      if (field.number === GRAPH.node) {
        const node = this.readNode(field);
        nodes.push(node);
        const tensor = node.op === 'Constant' ? this.tensorIn(node) : undefined;
        if (tensor !== undefined) constants.set(node.outputs[0]!, tensor);
      } else if (field.number === GRAPH.initializer) constants.set(this.textIn(field, TENSOR.name), field);
      else if (field.number === GRAPH.output) outputs.push(this.textIn(field, 1));
    }
    this.nodes = nodes;
    this.outputs = outputs;
    this.constants = constants;
  }

  /** The dimensions of the constant `name`; undefined if it does not exist. */
  constantShape(name: string): readonly number[] | undefined {
    const tensor = this.constants.get(name);
    return tensor && this.integersIn(tensor, TENSOR.dims);
  }

  /** The elements of the INT64 constant `name`; undefined if it does not exist, has another type or is too large. */
  constantIntegers(name: string): readonly number[] | undefined {
    const tensor = this.constants.get(name);
    return tensor && this.integersOf(tensor);
  }

  /** The integer attribute `name` of `node`; undefined if it is not set. */
  integer(node: GraphNode, name: string): number | undefined {
    const attribute = this.attribute(node, name);
    return attribute && this.integersIn(attribute, ATTRIBUTE.integer)[0];
  }

  /** The attribute `name` of `node`, a list of integers; undefined if it is not set. */
  integers(node: GraphNode, name: string): readonly number[] | undefined {
    const attribute = this.attribute(node, name);
    return attribute && this.integersIn(attribute, ATTRIBUTE.integers);
  }

  /** The tensor of a Constant node. */
  private tensorIn(node: GraphNode): ProtobufField | undefined {
    const value = this.attribute(node, 'value');
    return value && this.reader.last(value, ATTRIBUTE.tensor);
  }

  private attribute({ field }: GraphNode, name: string): ProtobufField | undefined {
    for (const attribute of this.reader.fields(field)) {
      if (attribute.number === NODE.attribute && this.textIn(attribute, ATTRIBUTE.name) === name)
        return attribute;
    }
    return undefined;
  }

  private readNode(field: ProtobufField): GraphNode {
    const inputs: string[] = [];
    const outputs: string[] = [];
    let [op, domain] = ['', ''];
    for (const part of this.reader.fields(field)) {
      if (part.number === NODE.input) inputs.push(this.reader.text(part));
      else if (part.number === NODE.output) outputs.push(this.reader.text(part));
      else if (part.number === NODE.op) op = this.reader.text(part);
      else if (part.number === NODE.domain) domain = this.reader.text(part);
    }
    const isOwn = domain === '' || domain === 'ai.onnx';
    return { op: isOwn ? op : `${domain}.${op}`, inputs, outputs, field };
  }

  private integersOf(tensor: ProtobufField): readonly number[] | undefined {
    if (this.reader.last(tensor, TENSOR.type)?.value !== INT64) return undefined;
    const count = this.integersIn(tensor, TENSOR.dims).reduce((product, size) => product * size, 1);
    if (count > MAX_CONSTANT) return undefined;
    const raw = this.reader.last(tensor, TENSOR.raw);
    const integers = raw === undefined ? this.integersIn(tensor, TENSOR.integers) : this.reader.raw64(raw);
    // A tensor with external data has neither field.
    return integers.length === count ? integers : undefined;
  }

  /** The integers in the fields `number` of `message`, packed or not. */
  private integersIn(message: ProtobufField, number: number): number[] {
    const integers: number[] = [];
    for (const field of this.reader.fields(message))
      if (field.number === number) integers.push(...this.reader.varints(field));
    return integers;
  }

  private textIn(message: ProtobufField, number: number): string {
    const field = this.reader.last(message, number);
    return field === undefined ? '' : this.reader.text(field);
  }
}
