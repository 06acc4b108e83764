import { join } from 'node:path';
import type { Pooling } from '../../tasks/head';
import type { HubFolder } from './hub-folder';
import { isObject, JsonFields } from './json-fields';

/** What modules.json says of the steps of sentence-transformers after the network. */
export interface HubModules {
  /** How vectors of tokens are pooled; undefined if no module pools them. */
  readonly pooling: readonly Pooling[] | undefined;
  readonly normalize: boolean;
  /** Whether the embeddings are sparse (SPLADE). */
  readonly isSparse: boolean;
  /** Whether the tokens of a prompt count in pooling. */
  readonly includesPrompt: boolean;
  /** A module whose weights can only be in the model file, such as Dense; undefined if there is none. */
  readonly inner: string | undefined;
}

const FILE = 'modules.json';
const ABSENT: HubModules = {
  pooling: undefined,
  normalize: false,
  isSparse: false,
  includesPrompt: true,
  inner: undefined,
};

/** Modules that Nexus applies, or that change nothing in inference. The network itself is the model file. */
const KNOWN: readonly string[] = [
  'Transformer',
  'MLMTransformer',
  'Pooling',
  'SpladePooling',
  'Normalize',
  'Dropout',
];

/** Names in new releases of sentence-transformers, and flags of earlier ones, in the order of their concatenation. */
const POOLING_MODES: readonly (readonly [mode: string, flag: string, pooling: Pooling])[] = [
  ['cls', 'pooling_mode_cls_token', 'cls'],
  ['max', 'pooling_mode_max_tokens', 'max'],
  ['mean', 'pooling_mode_mean_tokens', 'mean'],
  ['mean_sqrt_len_tokens', 'pooling_mode_mean_sqrt_len_tokens', 'mean_sqrt_len'],
  ['weightedmean', 'pooling_mode_weightedmean_tokens', 'weighted_mean'],
  ['lasttoken', 'pooling_mode_lasttoken', 'last_token'],
];

/** Reads modules.json and the configurations of the modules that it names. @throws ModelSettingsError */
export async function readModules(folder: HubFolder): Promise<HubModules> {
  const list = await folder.list(FILE);
  if (list === undefined) return ABSENT;
  const modules = list.map((entry, index) => moduleOf(folder, entry, index));
  const names = modules.map(({ name }) => name);
  const pooling = modules.find(({ name }) => name === 'Pooling');
  const splade = modules.find(({ name }) => name === 'SpladePooling');
  const inner = names.find((name) => !KNOWN.includes(name));
  if (splade !== undefined) await checkSplade(folder, splade.path, inner);
  const config = pooling && (await configOf(folder, pooling.path));
  return {
    pooling: config && poolingsOf(config),
    normalize: names.at(-1) === 'Normalize',
    isSparse: splade !== undefined,
    includesPrompt: config?.flag('include_prompt') ?? true,
    inner,
  };
}

/** The class paths of modules differ between releases, so only their last part counts. */
function moduleOf(folder: HubFolder, entry: unknown, index: number): { name: string; path: string } {
  const fields = isObject(entry) ? new JsonFields(folder.shown(FILE), entry, `${index}.`) : undefined;
  const type = fields?.text('type');
  if (fields === undefined || type === undefined)
    throw folder.fault(FILE, `expected a list of objects with type and path, got ${JSON.stringify(entry)}`);
  return { name: type.split('.').at(-1)!, path: fields.text('path') ?? '' };
}

async function configOf(folder: HubFolder, path: string): Promise<JsonFields> {
  const file = join(path, 'config.json');
  const config = await folder.object(file);
  if (config === undefined)
    throw folder.fault(FILE, `names the folder '${path}', but ${file} does not exist; add it`);
  return config;
}

function poolingsOf(config: JsonFields): readonly Pooling[] {
  const modes = config.get('pooling_mode');
  if (modes === undefined) {
    const set = POOLING_MODES.filter(([, flag]) => config.flag(flag) ?? false);
    return set.length === 0 ? ['mean'] : set.map(([, , pooling]) => pooling);
  }
  const known = POOLING_MODES.map(([mode]) => mode).join(', ');
  const named: readonly unknown[] = Array.isArray(modes) ? modes : [modes];
  const poolings = named.flatMap((mode) => POOLING_MODES.find(([name]) => name === mode)?.[2] ?? []);
  if (poolings.length === 0 || poolings.length < named.length)
    throw config.fault('pooling_mode', `one or more of ${known}`, 'export the model with one of them');
  return poolings;
}

/** @throws ModelSettingsError for a sparse model that is computed in another way than max over log(1 + relu(x)). */
async function checkSplade(folder: HubFolder, path: string, inner: string | undefined): Promise<void> {
  if (inner !== undefined)
    throw folder.fault(FILE, `a sparse model with the module '${inner}' is not supported; remove the model`);
  const config = await configOf(folder, path);
  for (const [key, only] of [
    ['pooling_strategy', 'max'],
    ['activation_function', 'relu'],
  ] as const)
    if ((config.text(key) ?? only) !== only)
      throw config.fault(key, `'${only}', the only supported one`, 'use another model');
}
