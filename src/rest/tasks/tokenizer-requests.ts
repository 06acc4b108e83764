import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { errors } from '../../common/errors';
import { jsonObject } from '../../common/json-object';
import { VERSION } from '../../common/version';
import { Config } from '../../config/config';
import { mismatch } from '../../common/mismatch';
import type { Servable } from '../../models/model';
import { ModelRegistry } from '../../models/registry/model-registry';
import { CLASSIFICATION_TASKS, TASKS, type TaskDefinition } from '../../tasks/task-definition';
import { MAX_TEXTS } from '../../tasks/task-tensors';
import type { TextToken, Tokenizer } from '../../tasks/text/tokenizer';
import { decodeStrings } from '../../tensor/elements';
import { bodyOf } from '../http/body';
import { asBoolean, modelOf, optional, type Members } from './members';
import { TaskModels } from './task-models';
import type { TeiInfo } from './tei.dto';
import { asIds, asItems, MAX_TOKENIZER_LENGTH, readTexts } from './texts';

/** Uses the tokenizers of models without running the models. */
@Injectable()
export class TokenizerRequests {
  constructor(
    private readonly models: TaskModels,
    private readonly registry: ModelRegistry,
    private readonly config: Config,
  ) {}

  /** The tokens of each text of `request`. @throws NexusError */
  async tokenize(request: FastifyRequest): Promise<TextToken[][]> {
    const body = await this.bodyOf(request, '{"inputs": "text"}');
    const texts = textsIn(body);
    const special = optional(body, 'add_special_tokens', asBoolean) ?? true;
    if (body['prompt_name'] !== undefined && body['prompt_name'] !== null)
      throw mismatch('prompt_name', 'nothing; put the prompt before the text', body['prompt_name']);
    return this.withTokenizer(body, request, (tokenizer) => tokenizer.tokens(texts, special));
  }

  /** The texts of the token ids of `request`. @throws NexusError */
  async decode(request: FastifyRequest): Promise<string[]> {
    const body = await this.bodyOf(request, '{"ids": [1, 2]}');
    const ids = idsIn(body);
    const skips = optional(body, 'skip_special_tokens', asBoolean) ?? true;
    return this.withTokenizer(body, request, (tokenizer) => tokenizer.decode(ids, skips));
  }

  /** Describes the model of text that the header of `request` names, or the only one. @throws NexusError */
  async info(request: FastifyRequest): Promise<TeiInfo> {
    const [found, task] = await this.find(undefined, request);
    return {
      model_id: found.name,
      model_sha: null,
      model_dtype: 'float32',
      model_type: typeOf(task),
      max_input_length: task.text!.maxTokens,
      max_client_batch_size: MAX_TEXTS,
      auto_truncate: true,
      version: VERSION,
    };
  }

  private async bodyOf(request: FastifyRequest, form: string): Promise<Members> {
    return jsonObject(await bodyOf(request, this.config.bodyLimit), form);
  }

  private async withTokenizer<T>(
    body: Members,
    request: FastifyRequest,
    use: (tokenizer: Tokenizer) => Promise<T>,
  ): Promise<T> {
    const [found] = await this.find(modelOf(body), request);
    found.enter();
    try {
      if (found.tokenizer === undefined) throw found.notReady();
      return await use(found.tokenizer);
    } finally {
      found.leave();
    }
  }

  /** The model of text that `request` asks for, and its task. */
  private async find(
    named: string | undefined,
    request: FastifyRequest,
  ): Promise<readonly [Servable, TaskDefinition]> {
    const requested = this.models.choose(named, TASKS, request);
    request.requested = requested;
    const { model, version } = requested;
    if (!request.caller.sees(model)) throw errors.modelNotFound(model);
    const found = await this.registry.describe(model, version);
    const { task } = found.signature;
    if (task?.text !== undefined) return [found, task];
    throw errors.invalidInput(
      `model: expected a model of text, got '${model}', which has no tokenizer`,
      'model',
    );
  }
}

/** @throws NexusError empty_input, invalid_input unless `inputs` is a text or texts of a limited length. */
function textsIn(body: Members): string[] {
  const { inputs, ids } = readTexts(body['inputs'], 'inputs');
  if (ids !== undefined) throw mismatch('inputs', 'a string or an array of strings', body['inputs']);
  const texts = inputs.flatMap(({ data }) => decodeStrings(data));
  requireShort('inputs', 'characters', texts);
  return texts;
}

/** @throws NexusError empty_input, invalid_input unless `ids` are the token ids of a text or of several. */
function idsIn(body: Members): (readonly number[])[] {
  const items = asItems(body['ids'], 'ids', MAX_TOKENIZER_LENGTH);
  const lists = Array.isArray(items[0])
    ? asItems(items, 'ids').map((list, index) => asIds(list, `ids[${index}]`))
    : [asIds(items, 'ids')];
  requireShort('ids', 'token ids', lists);
  return lists;
}

function requireShort(path: string, of: string, lists: readonly { readonly length: number }[]): void {
  const total = lists.reduce((sum, { length }) => sum + length, 0);
  if (total <= MAX_TOKENIZER_LENGTH) return;
  throw errors.invalidInput(
    `${path}: expected at most ${MAX_TOKENIZER_LENGTH} ${of}, got ${total}; send fewer per request`,
    path,
  );
}

/** The member model_type of Text Embeddings Inference. */
function typeOf({ name, pooling, labels = [] }: TaskDefinition): TeiInfo['model_type'] {
  const classes = {
    id2label: Object.fromEntries(labels.map((label, index) => [index, label])),
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
  };
  if (name === 'reranking') return { reranker: classes };
  if (CLASSIFICATION_TASKS.includes(name)) return { classifier: classes };
  return { embedding: { pooling: name === 'sparse_embedding' ? 'splade' : pooling.join(',') } };
}
