import type { TextDefinition } from '../../tasks/task-definition';
import type { ModelSettings } from '../model-settings';
import { MAX_TOKENS } from '../task-settings';
import { TOKENIZER_FILE, type HubFolder } from './hub-folder';
import { isObject, type JsonFields } from './json-fields';

/** Names of the file with the maximum length, which depended on the network in early releases. */
const LENGTH_FILES: readonly string[] = [
  'sentence_bert_config.json',
  'sentence_roberta_config.json',
  'sentence_distilbert_config.json',
  'sentence_camembert_config.json',
  'sentence_albert_config.json',
  'sentence_xlm-roberta_config.json',
  'sentence_xlnet_config.json',
];

/** Networks whose positions are counted from `pad_token_id` + 1, so that as many of the table are never used. */
const OFFSET_POSITIONS: ReadonlySet<string> = new Set([
  'roberta',
  'roberta-prelayernorm',
  'xlm-roberta',
  'xlm-roberta-xl',
  'camembert',
  'mpnet',
  'longformer',
  'xmod',
  'data2vec-text',
]);

/**
 * Reads how texts become tokens: from the files of `folder`, unless `settings` differ.
 * @param network the content of config.json, if there is one.
 * @param tokenizer real path of the tokenizer file.
 * @throws ModelSettingsError
 */
export async function textDefinitionOf(
  folder: HubFolder,
  network: JsonFields | undefined,
  tokenizer: string,
  settings: ModelSettings,
): Promise<TextDefinition> {
  const length = await lengthFile(folder);
  const configured = await folder.object('tokenizer_config.json');
  const side = configured?.text('truncation_side') ?? 'right';
  if (side !== 'left' && side !== 'right') throw configured!.fault('truncation_side', 'left or right');
  return {
    tokenizer,
    maxTokens: settings.max_tokens ?? maxTokensOf(folder, network, length, configured),
    truncationSide: side,
    padId: await padIdOf(folder, network, configured, settings.tokenizer ?? TOKENIZER_FILE),
    lowerCase: length?.flag('do_lower_case') ?? false,
    ...(await promptsOf(folder, settings)),
    acceptsTokenIds: settings.token_ids ?? false,
  };
}

async function lengthFile(folder: HubFolder): Promise<JsonFields | undefined> {
  for (const name of LENGTH_FILES) {
    const found = await folder.object(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first length that a file says, but not more than the network has positions. */
function maxTokensOf(
  folder: HubFolder,
  network: JsonFields | undefined,
  length: JsonFields | undefined,
  configured: JsonFields | undefined,
): number {
  const positions = network && positionsOf(network);
  const said = length?.integer('max_seq_length', 1, MAX_TOKENS) ?? modelMaxLength(configured) ?? positions;
  if (said === undefined)
    throw folder.fault(
      'model.yaml',
      'expected the maximum number of tokens of a text, but no file of the folder has it; set max_tokens',
    );
  return Math.min(said, positions ?? said);
}

/** Networks without positions have no such field, or -1. */
function positionsOf(network: JsonFields): number | undefined {
  const size = network.integer('max_position_embeddings', -1, MAX_TOKENS) ?? -1;
  if (size < 1) return undefined;
  const isOffset = OFFSET_POSITIONS.has(network.text('model_type') ?? '');
  return isOffset ? Math.max(1, size - (tokenId(network.get('pad_token_id')) ?? 1) - 1) : size;
}

/** Tokenizers without a limit have a very large number here. */
function modelMaxLength(configured: JsonFields | undefined): number | undefined {
  const length = configured?.number('model_max_length', 1);
  return length === undefined || length > MAX_TOKENS ? undefined : Math.floor(length);
}

/** Id of the padding token; 0 if no file says it: the attention mask hides these tokens anyway. */
async function padIdOf(
  folder: HubFolder,
  network: JsonFields | undefined,
  configured: JsonFields | undefined,
  tokenizer: string,
): Promise<number> {
  const token =
    contentOf(configured?.get('pad_token')) ??
    contentOf((await folder.object('special_tokens_map.json'))?.get('pad_token'));
  const added = configured?.object('added_tokens_decoder');
  const id = added?.keys.find((key) => token !== undefined && contentOf(added.get(key)) === token);
  return (
    tokenId(id === undefined ? undefined : Number(id)) ??
    tokenId(network?.get('pad_token_id')) ??
    (await padIdIn(folder, tokenizer, token)) ??
    0
  );
}

/** The padding token of a small tokenizer file. Large ones are left to the thread that tokenises. */
async function padIdIn(
  folder: HubFolder,
  name: string,
  token: string | undefined,
): Promise<number | undefined> {
  const tokenizer = await folder.smallObject(name);
  const added = tokenizer?.get('added_tokens');
  const found = (Array.isArray(added) ? added : []).find(
    (one) => isObject(one) && token !== undefined && one['content'] === token,
  ) as { id?: unknown } | undefined;
  const padding = tokenizer?.get('padding');
  return tokenId(found?.id) ?? tokenId(isObject(padding) ? padding['pad_id'] : undefined);
}

/** A token is written as its text, or as an object with it. */
function contentOf(token: unknown): string | undefined {
  const content = isObject(token) ? token['content'] : token;
  return typeof content === 'string' ? content : undefined;
}

function tokenId(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31 ? Number(value) : undefined;
}

async function promptsOf(
  folder: HubFolder,
  settings: ModelSettings,
): Promise<Pick<TextDefinition, 'prompts' | 'defaultPrompt'>> {
  const file = await folder.object('config_sentence_transformers.json');
  const prompts = settings.prompts ?? file?.texts('prompts') ?? {};
  const known = Object.keys(prompts).join(', ') || 'none';
  const { default_prompt: written } = settings;
  const name = written ?? file?.text('default_prompt_name') ?? '';
  if (name === '') return { prompts, defaultPrompt: undefined };
  if (Object.hasOwn(prompts, name)) return { prompts, defaultPrompt: name };
  throw written === undefined
    ? file!.fault('default_prompt_name', `one of the prompts (${known})`, 'set default_prompt in model.yaml')
    : folder.fault(
        'model.yaml',
        `default_prompt is '${name}', which is not in prompts; the model has ${known}`,
      );
}
