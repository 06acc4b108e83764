import { Tensor as OrtTensor } from 'onnxruntime-node';
import type { Head } from '../../tasks/head';
import { scoresOf } from '../../tasks/heads/classification';
import { normalized, pool } from '../../tasks/heads/pooling';
import { splade } from '../../tasks/heads/splade';
import type { TokenTensor } from '../../tasks/heads/token-tensor';
import { bestClasses } from '../../tasks/heads/token-classification';
import type { TaskOutputName } from '../../tasks/task-tensors';
import type { TensorSpec } from '../../tensor/tensor';
import { numbersOf } from './onnx-types';
import type { OrtTensors, SessionRun } from './session-run';

/** A model with a head, which answers with the outputs of the head. */
export interface HeadedModel {
  readonly outputs: readonly TensorSpec[];
  readonly extraOutputs: readonly TensorSpec[];
  /** Outputs to compare in trials. Labels would not do: rounding may change which of two close classes is the best. */
  readonly trialled: readonly TensorSpec[];
  readonly run: SessionRun;
}

/** One output of a head. */
interface HeadOutput {
  readonly spec: TensorSpec & { readonly name: TaskOutputName };
  /** The output of the model that it is computed from. */
  readonly source: TensorSpec;
  readonly compute: (source: OrtTensor, feeds: OrtTensors) => OrtTensor;
}

/** The outputs of a head: those always computed, and those by request. */
interface Outputs {
  readonly always: readonly HeadOutput[];
  readonly extra: readonly HeadOutput[];
}

/** The input that tells tokens from padding. */
const MASK = 'attention_mask';

const FLOATS: readonly string[] = ['FP32', 'FP16', 'FP64'];

/**
 * Puts `head` on a model with `outputs`, which `run` runs. Only the outputs that the head needs are computed.
 * @throws Error if the model has no output that fits the head; the message names those it has.
 */
export function withHead(head: Head, outputs: readonly TensorSpec[], run: SessionRun): HeadedModel {
  const { always, extra } = outputsOf(head, new ModelOutputs(head.kind, outputs));
  const byName = new Map<string, HeadOutput>(
    [...always, ...extra].map((output) => [output.spec.name, output]),
  );
  const specsOf = (some: readonly HeadOutput[]) => some.map(({ spec }) => spec);
  return {
    outputs: specsOf(always),
    extraOutputs: specsOf(extra),
    trialled: specsOf(head.kind === 'token_classification' ? extra : always),
    run: async (feeds, names) => {
      const wanted = names.map((name) => byName.get(name)!);
      const results = await run(feeds, [...new Set(wanted.map(({ source }) => source.name))]);
      return Object.fromEntries(
        wanted.map(({ spec, source, compute }) => [spec.name, compute(results[source.name]!, feeds)]),
      );
    },
  };
}

function outputsOf(head: Head, model: ModelOutputs): Outputs {
  switch (head.kind) {
    case 'embedding':
      return embeddingOf(head, model);
    case 'token_embedding':
      return { always: [tokenEmbeddingsOf(model.ofTokens())], extra: [] };
    case 'sparse_embedding': {
      const source = model.logits(3);
      const compute = tokenwise(
        (tokens) => new OrtTensor('float32', splade(tokens), [tokens.rows, tokens.size]),
      );
      return {
        always: [floats('embedding', [source.shape[0]!, source.shape[2]!], source, compute)],
        extra: [],
      };
    }
    case 'classification': {
      const source = model.logits(2);
      const compute = (logits: OrtTensor) => {
        const scores = scoresOf(floatsOf(logits), logits.dims[1]!, head.activation);
        return new OrtTensor('float32', scores, logits.dims);
      };
      return {
        always: [floats('scores', source.shape, source, compute)],
        extra: [unchanged('logits', source)],
      };
    }
    case 'token_classification': {
      const source = model.logits(3);
      const shape = source.shape.slice(0, 2);
      // Both outputs are usually wanted of the same logits.
      const found = new WeakMap<OrtTensor, ReturnType<typeof bestClasses>>();
      const bestOf = (logits: OrtTensor) => {
        const known = found.get(logits);
        if (known !== undefined) return known;
        const classes = logits.dims[2]!;
        const best = bestClasses(scoresOf(floatsOf(logits), classes, head.activation), classes);
        found.set(logits, best);
        return best;
      };
      const labels: HeadOutput = {
        spec: { name: 'labels', datatype: 'INT64', shape },
        source,
        compute: (logits) => new OrtTensor('int64', bestOf(logits).labels, logits.dims.slice(0, 2)),
      };
      const scores = floats(
        'scores',
        shape,
        source,
        (logits) => new OrtTensor('float32', bestOf(logits).scores, logits.dims.slice(0, 2)),
      );
      return { always: [labels, scores], extra: [unchanged('logits', source)] };
    }
  }
}

function embeddingOf({ pooling, normalize }: Head & { kind: 'embedding' }, model: ModelOutputs): Outputs {
  const pooled = model.pooled(pooling.length === 0);
  const tokens = pooled === undefined ? model.ofTokens() : model.ofTokensIfAny();
  const extra = tokens === undefined ? [] : [tokenEmbeddingsOf(tokens)];
  const finish = (vectors: Float32Array, size: number) => (normalize ? normalized(vectors, size) : vectors);
  if (pooled !== undefined) {
    const compute = (vectors: OrtTensor) =>
      new OrtTensor('float32', finish(floatsOf(vectors), vectors.dims[1]!), vectors.dims);
    return { always: [floats('embedding', pooled.shape, pooled, compute)], extra };
  }
  const source = tokens!;
  const width = source.shape[2]!;
  const compute = tokenwise((vectors) => {
    const size = vectors.size * pooling.length;
    return new OrtTensor('float32', finish(pool(vectors, pooling), size), [vectors.rows, size]);
  });
  const shape = [source.shape[0]!, width < 0 ? width : width * pooling.length];
  return { always: [floats('embedding', shape, source, compute)], extra };
}

function tokenEmbeddingsOf(source: TensorSpec): HeadOutput {
  return unchanged('token_embeddings', source);
}

function floats(
  name: TaskOutputName,
  shape: TensorSpec['shape'],
  source: TensorSpec,
  compute: HeadOutput['compute'],
): HeadOutput {
  return { spec: { name, datatype: 'FP32', shape }, source, compute };
}

/** An output of the model as it is, in FP32. */
function unchanged(name: TaskOutputName, source: TensorSpec): HeadOutput {
  return floats(name, source.shape, source, (tensor) =>
    tensor.type === 'float32' ? tensor : new OrtTensor('float32', floatsOf(tensor), tensor.dims),
  );
}

/** Computes from the tokens of each row and their mask. */
function tokenwise(compute: (tokens: TokenTensor) => OrtTensor): HeadOutput['compute'] {
  return (source, feeds) => {
    const [rows, tokens, size] = source.dims as [number, number, number];
    return compute({ values: floatsOf(source), rows, tokens, size, mask: maskOf(feeds, rows * tokens) });
  };
}

/** The attention mask as 0 and 1; all ones for a model without one. */
function maskOf({ [MASK]: mask }: OrtTensors, count: number): Uint8Array {
  if (mask === undefined) return new Uint8Array(count).fill(1);
  if (mask.data.length !== count)
    throw new Error(`the model returns ${count} tokens for ${mask.data.length} in ${MASK}`);
  return Uint8Array.from(numbersOf(mask.type, mask.data), (value) => (Number(value) === 0 ? 0 : 1));
}

function floatsOf({ type, data }: OrtTensor): Float32Array {
  const numbers = numbersOf(type, data) as ArrayLike<number>;
  return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
}

/** Finds the outputs of a model that a head can use, by their usual names or as the only ones of their rank. */
class ModelOutputs {
  private readonly floats: readonly TensorSpec[];

  constructor(
    private readonly head: Head['kind'],
    private readonly all: readonly TensorSpec[],
  ) {
    this.floats = all.filter(({ datatype }) => FLOATS.includes(datatype));
  }

  /** Logits with `rank` dimensions. @throws Error if there are none. */
  logits(rank: 2 | 3): TensorSpec {
    return this.find(['logits'], rank) ?? this.missing(`'logits'`, rank);
  }

  /** A vector for each token. @throws Error if there is none. */
  ofTokens(): TensorSpec {
    return this.ofTokensIfAny() ?? this.missing(`'last_hidden_state'`, 3);
  }

  /** A vector for each token; undefined if the model returns none. */
  ofTokensIfAny(): TensorSpec | undefined {
    return this.find(['last_hidden_state', 'token_embeddings'], 3);
  }

  /**
   * Embeddings that the model has pooled itself: those named so, or any if the model is `expected` to pool. Undefined if
   * there are none. @throws Error if they are expected.
   */
  pooled(expected: boolean): TensorSpec | undefined {
    const named = this.named(['sentence_embedding'], 2);
    if (named !== undefined || !expected) return named;
    return this.find([], 2) ?? this.missing(`'sentence_embedding', or a pooling`, 2);
  }

  private find(names: readonly string[], rank: number): TensorSpec | undefined {
    // BERT's pooler was trained for something else; its output is never an embedding of the text.
    const others = this.floats.filter(({ name, shape }) => shape.length === rank && name !== 'pooler_output');
    return this.named(names, rank) ?? (others.length === 1 ? others[0] : undefined);
  }

  private named(names: readonly string[], rank: number): TensorSpec | undefined {
    const ofRank = this.floats.filter(({ shape }) => shape.length === rank);
    return names.flatMap((name) => ofRank.filter((output) => output.name === name))[0];
  }

  private missing(example: string, rank: number): never {
    const has = this.all.map(({ name, datatype, shape }) => `'${name}' ${datatype} [${shape.join(', ')}]`);
    throw new Error(
      `the task needs an output of ${rank} dimensions for ${this.head}, such as ${example}; the model has ${has.join(', ')}`,
    );
  }
}
