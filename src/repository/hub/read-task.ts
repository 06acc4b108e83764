import {
  CLASSIFICATION_TASKS,
  EMBEDDING_TASKS,
  type TaskDefinition,
  type TaskName,
} from '../../tasks/task-definition';
import type { Pooling } from '../../tasks/head';
import type { ModelSettings } from '../model-settings';
import { HubFolder, NETWORK_FILE, PREPROCESSOR_FILE, TOKENIZER_FILE } from './hub-folder';
import { readModules, type HubModules } from './hub-modules';
import type { JsonFields } from './json-fields';
import { activationOf, classesOf } from './network-classes';
import { pictureRecipeOf } from './picture-recipe-of';
import { misplacedKey, taskKeyIn } from './task-keys';
import { taskNameOf, type TaskInput } from './task-name';
import { textDefinitionOf } from './text-definition';

const PICTURE_TASKS: readonly TaskName[] = ['image_classification'];

/** Everything that the task of a version is read from. */
interface Sources {
  readonly folder: HubFolder;
  readonly settings: ModelSettings;
  /** The content of config.json. */
  readonly network: JsonFields | undefined;
  readonly modules: HubModules;
  /** What the folder can prepare. */
  readonly inputs: ReadonlySet<TaskInput>;
}

/**
 * Reads the task of a version from its Hugging Face files and the keys of model.yaml, which take precedence.
 * @param versionFolder folder of the version. Its files are used if it has a config.json or tokenizer.json.
 * @param modelFolder folder of the model, whose files are used otherwise.
 * @param repository real path of the repository. Files must be inside it.
 * @returns undefined for a model of tensors: neither the files nor model.yaml say a task.
 * @throws ModelSettingsError
 */
export async function readTask(
  versionFolder: string,
  modelFolder: string,
  repository: string,
  settings: ModelSettings,
): Promise<TaskDefinition | undefined> {
  const folder = await hubFolderOf(versionFolder, modelFolder, repository);
  const key = taskKeyIn(settings);
  const inputs = await inputsOf(folder, settings);
  if (inputs.size === 0 && key === undefined) return undefined;
  const network = await folder.object(NETWORK_FILE);
  const isKnown = network !== undefined || settings.task !== undefined;
  if (!isKnown && key === undefined) return undefined;
  const sources = { folder, settings, network, modules: await readModules(folder), inputs };
  const name = settings.task ?? (network && taskNameOf(network, sources.modules, inputs));
  if (name !== undefined) return definitionOf(name, sources);
  if (key === undefined) return undefined;
  throw folder.fault(
    'model.yaml',
    `${key} is only for models with a task, and the folder says none; set task, or remove ${key}`,
  );
}

async function hubFolderOf(
  versionFolder: string,
  modelFolder: string,
  repository: string,
): Promise<HubFolder> {
  const own = new HubFolder(versionFolder, repository);
  const isHub = (await own.has(NETWORK_FILE)) || (await own.has(TOKENIZER_FILE));
  return isHub ? own : new HubFolder(modelFolder, repository);
}

async function inputsOf(
  folder: HubFolder,
  { tokenizer, picture }: ModelSettings,
): Promise<ReadonlySet<TaskInput>> {
  const inputs = new Set<TaskInput>();
  // model.yaml decides between both.
  if (picture === undefined && (tokenizer !== undefined || (await folder.has(TOKENIZER_FILE))))
    inputs.add('text');
  if (picture !== undefined || (tokenizer === undefined && (await folder.has(PREPROCESSOR_FILE))))
    inputs.add('picture');
  return inputs;
}

async function definitionOf(name: TaskName, sources: Sources): Promise<TaskDefinition> {
  const { folder, settings, network, modules } = sources;
  const input = inputOf(name, sources);
  const misplaced = misplacedKey(settings, name, input);
  if (misplaced !== undefined)
    throw folder.fault(
      'model.yaml',
      `${misplaced} cannot be set for a model of ${input}s with the task ${name}; remove it`,
    );
  const labels = CLASSIFICATION_TASKS.includes(name) ? labelsOf(name, sources) : undefined;
  const isEmbedding = EMBEDDING_TASKS.includes(name) && input === 'text';
  const definition: TaskDefinition = {
    name,
    text: input === 'text' ? await readText(name, sources) : undefined,
    picture: input === 'picture' ? await readPicture(sources) : undefined,
    pictureInput: settings.picture?.input,
    pooling: isEmbedding ? poolingOf(name, sources) : [],
    normalize: isEmbedding && (settings.normalize ?? modules.normalize),
    dimensions: isEmbedding ? dimensionsOf(settings, network) : [],
    activation: CLASSIFICATION_TASKS.includes(name) ? activationOf(network, name, labels?.length) : 'none',
    labels,
  };
  refusePromptOutsidePooling(definition, sources);
  return definition;
}

/** @throws ModelSettingsError if a feature extractor could take either. */
function inputOf(name: TaskName, { folder, inputs }: Sources): TaskInput {
  if (PICTURE_TASKS.includes(name)) return 'picture';
  if (name !== 'feature_extraction') return 'text';
  if (inputs.size === 2)
    throw folder.fault(
      'model.yaml',
      `the folder has ${TOKENIZER_FILE} and ${PREPROCESSOR_FILE}; set tokenizer for a model of text, or inputs for a model of pictures`,
    );
  return inputs.has('picture') ? 'picture' : 'text';
}

async function readText(name: TaskName, { folder, network, settings }: Sources) {
  const file = settings.tokenizer ?? TOKENIZER_FILE;
  const tokenizer = await folder.tokenizer(file);
  if (tokenizer === undefined)
    throw folder.fault(
      file,
      `expected the tokenizer, which the task ${name} needs, but there is no such file; add it, or set tokenizer in model.yaml`,
    );
  const definition = await textDefinitionOf(folder, network, tokenizer, settings);
  // Entities are places in the text as it was sent.
  return name === 'token_classification'
    ? { ...definition, lowerCase: false, prompts: {}, defaultPrompt: undefined }
    : definition;
}

async function readPicture({ folder, network, settings }: Sources) {
  const file = await folder.object(PREPROCESSOR_FILE);
  if (file === undefined && settings.picture === undefined)
    throw folder.fault(
      PREPROCESSOR_FILE,
      'expected how pictures are prepared, but there is no such file; add it, or set inputs.<name>.image in model.yaml',
    );
  const isGrey = network?.get('num_channels') === 1;
  return pictureRecipeOf(file, settings.picture?.image ?? {}, isGrey);
}

/** @throws ModelSettingsError if nothing says how a model of embeddings pools. */
function poolingOf(name: TaskName, { folder, settings, modules }: Sources): readonly Pooling[] {
  const { inner } = modules;
  const written = settings.pooling;
  if (written !== undefined) {
    const poolings = written === 'none' ? [] : typeof written === 'string' ? [written] : written;
    if (poolings.length > 0 && inner !== undefined)
      throw folder.fault(
        'model.yaml',
        `pooling cannot be set, because modules.json has '${inner}', which is applied to the pooled vector; export the model with sentence-transformers, so that it has the output sentence_embedding, and set pooling: none`,
      );
    return poolings;
  }
  if (modules.pooling === undefined && name === 'embedding')
    throw folder.fault(
      'model.yaml',
      'expected how the vectors of the tokens become one, but modules.json does not say it; set pooling, for example to mean or cls, or task: feature_extraction for a vector for each token',
    );
  return inner === undefined ? (modules.pooling ?? []) : [];
}

function dimensionsOf({ dimensions }: ModelSettings, network: JsonFields | undefined): readonly number[] {
  const sizes = dimensions ?? network?.numbers('matryoshka_dimensions') ?? [];
  if (sizes.some((size) => !Number.isInteger(size) || size < 1))
    throw network!.fault('matryoshka_dimensions', 'a list of positive integers');
  return [...new Set(sizes)].toSorted((one, other) => one - other);
}

/** @throws ModelSettingsError if the number of classes does not fit the task, or entities have no names. */
function labelsOf(name: TaskName, { folder, settings, network }: Sources): readonly string[] | undefined {
  const labels = settings.classes ?? (network && classesOf(network));
  if (name === 'reranking' && labels !== undefined && labels.length !== 1)
    throw folder.fault(
      settings.classes === undefined ? NETWORK_FILE : 'model.yaml',
      `expected one class, because the task is reranking, got ${labels.length}; set task: text_classification or pair_classification`,
    );
  if (name === 'token_classification' && labels === undefined)
    throw folder.fault(
      'model.yaml',
      'expected the names of the classes of tokens, but there is no config.json; set labels',
    );
  return labels;
}

/** @throws ModelSettingsError if the tokens of prompts do not count in pooling, which Nexus cannot do. */
function refusePromptOutsidePooling({ text }: TaskDefinition, { folder, modules }: Sources): void {
  if (modules.includesPrompt || Object.values(text?.prompts ?? {}).every((prompt) => prompt === '')) return;
  throw folder.fault(
    'modules.json',
    'its pooling has include_prompt: false, which is not supported with prompts; set prompts: {} in model.yaml and send texts without prompts',
  );
}
