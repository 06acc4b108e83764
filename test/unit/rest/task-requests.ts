import type { Signature } from '../../../src/models/signature';
import type { TaskDefinition } from '../../../src/tasks/task-definition';
import type { Tokenizer } from '../../../src/tasks/text/tokenizer';
import { encodeStrings } from '../../../src/tensor/elements';
import type { Tensor } from '../../../src/tensor/tensor';
import type { TaskDialect, TaskRequest } from '../../../src/rest/tasks/task-dialect';

/** An embedder of four dimensions with prompts, which may be cut to two, unless `task` says otherwise. */
export function definition(task: Partial<TaskDefinition> = {}): TaskDefinition {
  return {
    name: 'embedding',
    text: {
      tokenizer: 'tokenizer.json',
      maxTokens: 8,
      truncationSide: 'right',
      padId: 0,
      lowerCase: false,
      prompts: { query: 'query: ', document: 'passage: ' },
      defaultPrompt: undefined,
      acceptsTokenIds: false,
    },
    picture: undefined,
    pooling: ['mean'],
    normalize: true,
    dimensions: [2],
    activation: 'sigmoid',
    labels: undefined,
    ...task,
  };
}

/** The signature of a model with this task, as far as dialects read it. */
export function signature(task: TaskDefinition): Signature {
  const text = { name: 'text', datatype: 'BYTES', shape: [-1] } as const;
  const isPair = task.name === 'reranking' || task.name === 'pair_classification';
  const output = task.name.endsWith('embedding')
    ? ({ name: 'embedding', datatype: 'FP32', shape: [-1, 4] } as const)
    : ({ name: 'scores', datatype: 'FP32', shape: [-1, 1] } as const);
  return {
    inputs: isPair ? [text, { ...text, name: 'text_pair' }] : [text],
    tensorInputs: [],
    outputs: [output],
    outputNames: [output.name],
    extraOutputs: [
      { name: 'tokens', datatype: 'INT64', shape: [-1] },
      { name: 'logits', datatype: 'FP32', shape: [-1, 1] },
      { name: 'token_embeddings', datatype: 'FP32', shape: [-1, -1, 4] },
    ],
    task,
    labels: {},
    softmax: [],
    batches: true,
    hasCommonRows: true,
  };
}

export function fp32(name: string, shape: readonly number[], values: readonly number[]): Tensor {
  return { name, datatype: 'FP32', shape, data: new Uint8Array(Float32Array.from(values).buffer) };
}

export function tokens(...counts: readonly number[]): Tensor {
  const data = new Uint8Array(BigInt64Array.from(counts, BigInt).buffer);
  return { name: 'tokens', datatype: 'INT64', shape: [counts.length], data };
}

/** The elements of a tensor of texts. */
export function bytes(name: string, texts: readonly string[]): Tensor {
  return { name, datatype: 'BYTES', shape: [texts.length], data: encodeStrings([texts]) };
}

/** Sends `body` through `dialect` to the model `m`, which returns `outputs`. */
export async function exchange<Message extends TaskRequest>(
  dialect: TaskDialect<Message>,
  body: object,
  outputs: readonly Tensor[],
  task = definition(),
  tokenizer?: Partial<Tokenizer>,
) {
  const message = await dialect.decode(Buffer.from(JSON.stringify(body)), undefined);
  const model = { model: 'm', signature: signature(task), tokenizer: tokenizer as Tokenizer | undefined };
  const fitted = await dialect.fit(message, model);
  const answer = dialect.answerOf({ model: 'm', version: '1', outputs }, message, model.signature, fitted);
  return { message, fitted, body: JSON.parse(dialect.encode(answer).json as string) };
}
