import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { movable, Offload } from '../../common/offload';
import { describeModel, type ModelDescription } from '../description/model-description';
import { NETWORK_FILE, PREPROCESSOR_FILE, TOKENIZER_FILE } from '../hub/hub-folder';
import { SETTINGS_FILE, type FoundModel } from '../repository';
import { CONFIG_FILE } from '../triton/config-pbtxt';
import { loadParameters } from './load-parameters';
import { overridesOf, type Overrides } from './overrides';

/** Maximum size of a body that is parsed on the main thread, which takes about 1 ms; larger ones go to the worker. */
const INLINE_BYTES = 128 * 1024;

/** Maximum size of a settings file that is parsed on the main thread, in a few milliseconds; larger ones go to the worker. */
const INLINE_SETTINGS = 4096;

/** The largest files of a Hugging Face folder that describe a model. */
const HUB_FILES = [NETWORK_FILE, TOKENIZER_FILE, PREPROCESSOR_FILE];

/** Reads load requests and model configurations, on a worker thread if they are large. */
@Injectable()
export class OverrideReader extends Offload {
  constructor() {
    super(join(__dirname, 'override.worker.js'), 1);
  }

  /**
   * Reads the overrides in the body of a load request. The memory of a large `body` moves to the worker and is detached.
   * @throws NexusError invalid_input
   */
  async read(body: Uint8Array | undefined): Promise<Overrides> {
    if (body === undefined || body.byteLength <= INLINE_BYTES) return overridesOf(loadParameters(body));
    const owned = movable(body);
    return this.runOnThread('readOverrides', owned, [owned.buffer]);
  }

  /** Calls describeByJson on the worker: a configuration is small, but takes 0.5 µs per byte to parse. */
  async describe(model: FoundModel, json: string): Promise<ModelDescription> {
    return this.runOnThread('describeJson', { model, json });
  }

  /** Calls describeModel, on the worker if the files of `model` are large. */
  async describeFiles(
    model: FoundModel,
    requested: readonly string[] | undefined,
  ): Promise<ModelDescription> {
    const folders = [model.folder, ...model.versions.map(({ version }) => join(model.folder, version))];
    const hub = folders.flatMap((folder) => HUB_FILES.map((name) => join(folder, name)));
    const sizes = [
      ...[model.settingsFile ?? SETTINGS_FILE, CONFIG_FILE].map((name) => join(model.folder, name)),
      ...hub,
    ].map(sizeOf);
    if (Math.max(...(await Promise.all(sizes))) <= INLINE_SETTINGS) return describeModel(model, requested);
    return this.runOnThread('describeFiles', { model, requested });
  }
}

/** Size of the file in bytes; 0 if it does not exist. */
function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
