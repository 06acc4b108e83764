import { join, relative } from 'node:path';
import { readInnerFile } from '../inner-file';
import { ModelSettingsError, type ModelSettings } from '../model-settings';
import type { FoundModel } from '../repository';
import { batchingOf } from './batching';
import { Fault } from './text/fault';
import { checkIdentity } from './identity';
import { instancesOf } from './instances';
import { MODEL_CONFIG, type ModelConfig } from './model-config';
import { parametersOf } from './parameters';
import { positionOf, readMessage } from './text/read-message';
import { refuseUnread, refuseUnsupported } from './refusals';
import { tensorsOf } from './tensors';
import { parseText } from './text/text-format';
import { versionPolicyOf, type VersionPolicy } from './version-policy';
import { warmUpSamplesOf } from './warm-up-samples';

/** What a config.pbtxt comes to. */
export interface TritonConfig {
  readonly settings: ModelSettings;
  readonly chooseVersions: VersionPolicy;
  /** Name of the ONNX file in each version folder. */
  readonly filename: string;
}

/** Name of the file that Triton keeps the configuration of a model in. */
export const CONFIG_FILE = 'config.pbtxt';

const MAX_BYTES = 1024 * 1024;

/**
 * Reads the config.pbtxt of `model`, and the files it names; undefined when there is none.
 * @throws ModelSettingsError for anything that Nexus would not do as Triton does.
 */
export async function readTritonConfig(
  model: FoundModel,
  repository: string,
): Promise<TritonConfig | undefined> {
  const file = relative(join(repository, '..'), join(model.folder, CONFIG_FILE));
  const bytes = await readInnerFile(model.folder, CONFIG_FILE, repository).catch((error: Error) => {
    if (error.message === 'ENOENT') return undefined;
    throw new ModelSettingsError(`${file} cannot be read: ${error.message}`);
  });
  if (bytes === undefined) return undefined;
  if (bytes.byteLength > MAX_BYTES)
    throw new ModelSettingsError(`${file} has ${bytes.byteLength} bytes; at most ${MAX_BYTES}`);
  try {
    return await understand(bytes.toString('utf8'), model, repository, file);
  } catch (error) {
    if (error instanceof Fault) throw new ModelSettingsError(`${file}:${error.message}`);
    throw error;
  }
}

async function understand(
  text: string,
  { name, folder }: FoundModel,
  repository: string,
  file: string,
): Promise<TritonConfig> {
  const fields = parseText(text);
  refuseUnread(fields);
  const config = readMessage(fields, MODEL_CONFIG);
  checkIdentity(config, name);
  refuseUnsupported(config);
  const { default_model_filename: filename = '' } = config;
  return {
    chooseVersions: versionPolicyOf(config),
    filename: filename === '' ? 'model.onnx' : filename,
    settings: {
      ...batchingOf(config),
      ...instancesOf(config),
      ...parametersOf(config),
      declared: tensorsOf(config, file),
      labels: await labelsOf(config, folder, repository),
      warmup: await warmUpSamplesOf(config, folder, repository),
    },
  };
}

async function labelsOf(
  { output = [] }: ModelConfig,
  folder: string,
  repository: string,
): Promise<Record<string, readonly string[]>> {
  const labels: Record<string, readonly string[]> = {};
  for (const tensor of output) {
    const { name = '', label_filename: file = '' } = tensor;
    if (file === '') continue;
    const content = await readInnerFile(folder, file, repository).catch((error: Error) => {
      const { line } = positionOf(tensor, 'label_filename');
      throw new Fault({ line }, `the label file '${file}' cannot be read: ${error.message}`);
    });
    labels[name] = content.toString('utf8').trimEnd().split(/\r?\n/);
  }
  return labels;
}
