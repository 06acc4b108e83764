import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { movable, Offload } from '../../common/offload';
import { describeModel, type ModelDescription } from '../description/model-description';
import { SETTINGS_FILE } from '../description/model-yaml';
import type { FoundModel } from '../repository';
import { CONFIG_FILE } from '../triton/config-pbtxt';
import { loadParameters } from './load-parameters';
import { overridesOf, type Overrides } from './overrides';

/** A body of this many bytes is read in about 1 ms; a larger one on the thread. */
const INLINE_BYTES = 128 * 1024;

/** Files of settings of this many bytes are read in some milliseconds; larger ones on the thread. */
const INLINE_SETTINGS = 4096;

/** Reads what clients send to load models with, on a thread where it may take long. */
@Injectable()
export class OverrideReader extends Offload {
  constructor() {
    super(join(__dirname, 'override.worker.js'), 1);
  }

  /**
   * The overrides in the body of a load request. A large `body` is given away: its memory may be detached afterwards.
   * @throws NexusError invalid_input
   */
  async read(body: Uint8Array | undefined): Promise<Overrides> {
    if (body === undefined || body.byteLength <= INLINE_BYTES) return overridesOf(loadParameters(body));
    const owned = movable(body);
    return this.elsewhere('readOverrides', owned, [owned.buffer]);
  }

  /** What `json` says of `model`, as describeByJson. A configuration is small, but takes 0.5 µs a byte to read. */
  async describe(model: FoundModel, repository: string, json: string): Promise<ModelDescription> {
    return this.elsewhere('describeJson', { model, repository, json });
  }

  /** As describeModel, what the files of `model` say of it. */
  async describeFiles(
    model: FoundModel,
    repository: string,
    wanted: readonly string[] | undefined,
  ): Promise<ModelDescription> {
    const sizes = [SETTINGS_FILE, CONFIG_FILE].map((name) => sizeOf(join(model.folder, name)));
    if (Math.max(...(await Promise.all(sizes))) <= INLINE_SETTINGS)
      return describeModel(model, repository, wanted);
    return this.elsewhere('describeFiles', { model, repository, wanted });
  }
}

/** 0 when there is none. */
function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
