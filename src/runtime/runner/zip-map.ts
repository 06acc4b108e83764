import { closeSync, fstatSync, openSync } from 'node:fs';
import { Graph, type GraphNode } from './graph';
import { ProtobufFileReader, type ProtobufField } from './wire';
import { assembled, delimited, edited, integer, type Piece } from './wire-edit';

/** Maximum total length of the labels of an output, because they are sent to the gateway in one message. */
const MAX_LABELS_LENGTH = 2 ** 20;

/** The operator that converts the scores of each row to a map. Converted scikit-learn classifiers end with it. */
const ZIP_MAP = 'ai.onnx.ml.ZipMap';

const MODEL = { graph: 7, opset: 8 } as const;
const GRAPH = { node: 1, output: 12 } as const;
const NODE = { op: 4, attribute: 5, domain: 7 } as const;
const VALUE = { name: 1, type: 2 } as const;
const ATTRIBUTE = { name: 1, integers: 8, texts: 9 } as const;

/** A model whose map outputs have been replaced by tensors. */
export interface Unzipped {
  /** The model as an ONNX file. */
  readonly bytes: Uint8Array;
  /** Class names of the replaced outputs, by output name. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/**
 * Returns the outputs of `graph`, a GraphProto, that are maps of scores by class and can be replaced by the tensor of
 * scores, each with its ZipMap node and classes.
 */
export function zipMaps(
  reader: ProtobufFileReader,
  graph: ProtobufField,
): Map<string, { node: GraphNode; classes: string[] }> {
  const { nodes, outputs } = new Graph(reader, graph);
  // Uses in subgraphs, such as the body of an If or a Loop, are not detected; ONNX Runtime then rejects the model.
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const zipped = new Map<string, { node: GraphNode; classes: string[] }>();
  for (const node of nodes) {
    const [output] = node.outputs;
    if (node.op !== ZIP_MAP || output === undefined || used.has(output) || !outputs.includes(output))
      continue;
    const classes = classesOf(reader, node);
    if (classes.length > 0) zipped.set(output, { node, classes });
  }
  return zipped;
}

/**
 * Returns the model at `path` with tensors of shape `[rows, classes]` in place of maps by class, or undefined if it has
 * no such maps. Output names do not change.
 *
 * @throws Error if the file is not a model.
 */
export function unzip(path: string): Unzipped | undefined {
  const fd = openSync(path, 'r');
  try {
    const reader = new ProtobufFileReader(fd);
    const file: ProtobufField = { number: 0, start: 0, end: fstatSync(fd).size, value: 0 };
    const graph = reader.last(file, MODEL.graph);
    if (graph === undefined || !hasOtherOutputs(reader, graph)) return undefined;
    const maps = zipMaps(reader, graph);
    if (maps.size === 0) return undefined;
    const nodes = new Set([...maps.values()].map(({ node }) => node.field.start));
    const inside = edited(reader, graph, (field) => {
      if (field.number === GRAPH.node && nodes.has(field.start)) return toIdentity(reader, field);
      const map = field.number === GRAPH.output ? maps.get(reader.textIn(field, VALUE.name)) : undefined;
      return map && toTensor(reader, field, map.classes.length);
    });
    const pieces = edited(reader, file, ({ start }) =>
      start === graph.start ? delimited(MODEL.graph, inside) : undefined,
    );
    const bytes = assembled(fd, [...pieces, ...standardOpset(reader, file)]);
    const labels = [...maps].filter(([, { classes }]) => classes.join('').length <= MAX_LABELS_LENGTH);
    return { bytes, labels: Object.fromEntries(labels.map(([name, { classes }]) => [name, classes])) };
  } finally {
    closeSync(fd);
  }
}

/** Whether an output is not a tensor. Most models have only tensors and need no further inspection. */
function hasOtherOutputs(reader: ProtobufFileReader, graph: ProtobufField): boolean {
  for (const field of reader.fields(graph)) {
    const type = field.number === GRAPH.output ? reader.last(field, VALUE.type) : undefined;
    if (type !== undefined && reader.last(type, 1) === undefined) return true;
  }
  return false;
}

/** Replaces the ZipMap `node` by an Identity. */
function toIdentity(reader: ProtobufFileReader, node: ProtobufField): Piece[] {
  const own: readonly number[] = [NODE.op, NODE.domain, NODE.attribute];
  const rest = edited(reader, node, ({ number }) => (own.includes(number) ? [] : undefined));
  return delimited(GRAPH.node, [...rest, ...delimited(NODE.op, [Buffer.from('Identity')])]);
}

/** Declares the output `value` as a float tensor of shape `[rows, classes]`. */
function toTensor(reader: ProtobufFileReader, value: ProtobufField, classes: number): Piece[] {
  const dims = [...delimited(1, []), ...delimited(1, integer(1, classes))];
  const tensor = delimited(1, [...integer(1, 1), ...delimited(2, dims)]);
  const rest = edited(reader, value, ({ number }) => (number === VALUE.type ? [] : undefined));
  return delimited(GRAPH.output, [...rest, ...delimited(VALUE.type, tensor)]);
}

/** Imports the default operator set, which Identity needs, unless the model already imports it. */
function standardOpset(reader: ProtobufFileReader, file: ProtobufField): Piece[] {
  for (const field of reader.fields(file)) {
    if (field.number === MODEL.opset && ['', 'ai.onnx'].includes(reader.textIn(field, 1))) return [];
  }
  return delimited(MODEL.opset, integer(2, 13));
}

/** The classes of a ZipMap as strings, because integers may be too large for numbers. */
function classesOf(reader: ProtobufFileReader, { field: node }: GraphNode): string[] {
  const classes: string[] = [];
  for (const attribute of reader.fields(node)) {
    if (attribute.number !== NODE.attribute) continue;
    if (!reader.textIn(attribute, ATTRIBUTE.name).startsWith('classlabels_')) continue;
    for (const field of reader.fields(attribute)) {
      if (field.number === ATTRIBUTE.texts) classes.push(reader.text(field));
      else if (field.number === ATTRIBUTE.integers) classes.push(...reader.int64s(field).map(String));
    }
  }
  return classes;
}
