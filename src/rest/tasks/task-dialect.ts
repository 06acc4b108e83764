import { randomUUID } from 'node:crypto';
import { errors } from '../../common/errors';
import type { InferenceResult } from '../../inference/request/inference-request';
import { mismatch } from '../../common/mismatch';
import { allOutputs, type Signature } from '../../models/signature';
import type { TaskDefinition, TaskName, TextDefinition } from '../../tasks/task-definition';
import type { TaskInputName, TaskOutputName } from '../../tasks/task-tensors';
import type { TextOptions } from '../../tasks/text/text-options';
import type { Fitted, NamedDialect, NamedModel } from '../codec/dialect';
import { asObject } from '../codec/fields';
import { jsonText, readJson } from '../../tensor/json/body';
import type { DecodedRequest } from '../codec/messages';
import type { Members } from './members';
import { textTensor, type Texts } from './texts';

/** A decoded request of a protocol for tasks. */
export interface TaskRequest extends DecodedRequest {
  readonly inputs: Texts['inputs'];
  readonly ids?: Texts['ids'];
  readonly outputs: readonly { readonly name: TaskOutputName }[];
  /** As the request names it; undefined if it does not. */
  readonly model: string | undefined;
  /** Names of prompts, of which the first that the model has is used; undefined for its default. */
  readonly prompts?: readonly string[] | undefined;
  /** Size of the embeddings, if they are to be cut. */
  readonly dimensions?: number | undefined;
  /** Whether embeddings are scaled to length 1; undefined to follow the model. */
  readonly normalize?: boolean | undefined;
}

/** What encoding depends on. `outputs` are the outputs that the request names, and the inputs that the response repeats. */
export interface TaskAnswer<Message> extends InferenceResult {
  /** The request without its texts. */
  readonly request: Omit<Message, 'inputs' | 'ids'>;
  /** A new UUID. */
  readonly id: string;
  /** Unix time in seconds. */
  readonly created: number;
  /** Whether embeddings are still to be scaled to length 1. */
  readonly scales: boolean;
  /** Names of the classes. Undefined if the model has none. */
  readonly labels: readonly string[] | undefined;
}

/** A protocol for models of some tasks. */
export interface TaskDialect<Message extends TaskRequest> extends NamedDialect<Message, TaskAnswer<Message>> {
  /** The tasks that it serves. */
  readonly tasks: readonly TaskName[];
  /** Reads the object in a body. @throws NexusError invalid_input, empty_input */
  read(body: Members): Message;
  /** Names of the inputs that the response repeats. */
  repeats(message: Message): readonly TaskInputName[];
  /** The body of the response, for JSON.stringify. */
  write(answer: TaskAnswer<Message>): object;
}

/** The part of a {@link TaskDialect} that differs between protocols. */
export type TaskProtocol<Message extends TaskRequest> = Pick<
  TaskDialect<Message>,
  'module' | 'name' | 'tasks' | 'read' | 'write'
> &
  Partial<Pick<TaskDialect<Message>, 'repeats'>>;

/** Completes `protocol`. */
export function taskDialect<Message extends TaskRequest>(
  protocol: TaskProtocol<Message>,
): TaskDialect<Message> {
  const { tasks, read, write, repeats = () => [] } = protocol;
  return {
    ...protocol,
    repeats,
    decode: (body) => readJson(jsonText(body), (value) => read(asObject(value, 'the body'))),
    fit: (message, model) => fitted(message, model, tasks),
    answerOf(result, message, { task }, { inputs }) {
      const { inputs: _inputs, ids: _ids, ...request } = message;
      const repeated: readonly string[] = repeats(message);
      return {
        ...result,
        outputs: [...result.outputs, ...inputs.filter(({ name }) => repeated.includes(name))],
        request,
        id: randomUUID(),
        created: Math.floor(Date.now() / 1000),
        // A model that scales its embeddings has already scaled those that are not cut.
        scales:
          (request.normalize ?? task!.normalize) && (request.dimensions !== undefined || !task!.normalize),
        labels: task!.labels,
      };
    },
    encode: (answer) => ({ json: JSON.stringify(write(answer)), binary: [] }),
  };
}

/** The members of every request: `outputs` are the names of the outputs that it needs. */
export function taskRequest(
  model: string | undefined,
  { inputs, ids }: Texts,
  outputs: readonly TaskOutputName[],
  text?: TextOptions,
): TaskRequest {
  return {
    model,
    inputs,
    ids,
    outputs: outputs.map((name) => ({ name })),
    text,
    priority: 0,
    timeoutMs: undefined,
  };
}

/** Translates `message` for a model of one of `tasks`. @throws NexusError invalid_input */
function fitted(
  message: TaskRequest,
  named: NamedModel,
  tasks: readonly TaskName[],
): Fitted | Promise<Fitted> {
  const { model, signature, tokenizer } = named;
  const { inputs, outputs, ids, prompts } = message;
  const task = requireTask(signature.task, model, tasks);
  const definition = task.text!;
  requireOutput(outputs[0]!.name, signature, model);
  requireForm(message, task, signature, model);
  const text =
    prompts === undefined ? message.text : { ...message.text, prompt: firstPrompt(prompts, definition) };
  if (ids === undefined) return { inputs: requirePairs(inputs, signature, model), outputs, text };
  if (!definition.acceptsTokenIds || tokenizer === undefined) throw noTokenIds(model);
  return tokenizer
    .decode(ids, true)
    .then((texts) => ({ inputs: [textTensor('text', texts, pathOfIds)], outputs, text }));
}

const pathOfIds = (index: number) => `token ids of text ${index}`;

/** Where models of each task are served, for the error of a request to another operation. */
const SERVED_AT: Readonly<Record<TaskName, string>> = {
  embedding: 'POST /v1/embeddings',
  sparse_embedding: 'POST /embed_sparse',
  reranking: 'POST /v1/rerank',
  pair_classification: 'POST /predict',
  text_classification: 'POST /predict',
  token_classification: 'POST /v1/models/{model}/predict',
  image_classification: 'POST /v1/models/{model}/predict',
  feature_extraction: 'POST /v1/models/{model}/predict',
};

function requireTask(
  task: TaskDefinition | undefined,
  model: string,
  tasks: readonly TaskName[],
): TaskDefinition {
  if (task?.text !== undefined && tasks.includes(task.name)) return task;
  const [is, at] =
    task === undefined
      ? ['takes tensors', SERVED_AT.feature_extraction]
      : [`has the task ${task.name}`, SERVED_AT[task.name]];
  throw errors.invalidInput(
    `model: expected a model for ${tasks.join(' or ')}, got '${model}', which ${is}; use ${at.replace('{model}', encodeURIComponent(model))}`,
    'model',
  );
}

/** Whether texts have one vector, and logits exist, depends on the model. */
function requireOutput(name: TaskOutputName, signature: Signature, model: string): void {
  if (allOutputs(signature).some((output) => output.name === name)) return;
  throw errors.invalidInput(
    `model '${model}' has no output '${name}', which this operation returns; use POST /v1/models/${encodeURIComponent(model)}/predict`,
    'model',
  );
}

/** @throws NexusError invalid_input unless the model allows the size and length of the embeddings. */
function requireForm(
  { dimensions, normalize }: TaskRequest,
  task: TaskDefinition,
  { outputs }: Signature,
  model: string,
): void {
  if (normalize === false && task.normalize)
    throw mismatch(
      'normalize',
      `true, because model '${model}' scales its embeddings to length 1`,
      normalize,
    );
  if (dimensions === undefined || task.dimensions.includes(dimensions)) return;
  const size = outputs.find(({ name }) => name === 'embedding')?.shape.at(-1);
  if (dimensions === size) return;
  const allowed = [...task.dimensions, ...(size === undefined || size < 0 ? [] : [size])];
  const sizes = [...new Set(allowed)].join(', ') || 'nothing';
  throw mismatch(
    'dimensions',
    `${sizes}, the size${allowed.length === 1 ? '' : 's'} of model '${model}'`,
    dimensions,
  );
}

/** The first of `names` that the model has; undefined if it has none. */
function firstPrompt(names: readonly string[], { prompts }: TextDefinition): string | undefined {
  return names.find((name) => Object.hasOwn(prompts, name));
}

/** @throws NexusError invalid_input unless `inputs` are texts or pairs of texts as the model requires. */
function requirePairs(inputs: Texts['inputs'], signature: Signature, model: string): Texts['inputs'] {
  if (inputs.length === signature.inputs.length) return inputs;
  const [expected, got] =
    signature.inputs.length === 2 ? ['pairs of texts', 'single texts'] : ['single texts', 'pairs'];
  throw errors.invalidInput(`inputs: model '${model}' takes ${expected}, got ${got}`, 'inputs');
}

function noTokenIds(model: string): Error {
  return errors.invalidInput(
    `input: model '${model}' takes texts, got token ids, whose vocabulary may be that of another model; send strings (in LangChain, set check_embedding_ctx_length=False), or set token_ids: true in model.yaml`,
    'input',
  );
}
