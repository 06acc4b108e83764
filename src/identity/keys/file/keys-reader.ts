import { join } from 'node:path';
import { Offload } from '../../../common/offload';
import type { KeysReading, KeysToMerge, KeysToWrite, KeysWriting } from './keys.worker';

/** Reads keys files on a worker thread: a file of 100,000 keys takes more than a second. */
export class KeysReader extends Offload {
  constructor() {
    super(join(__dirname, 'keys.worker.js'), 1);
  }

  /** Reads the keys file at `path`. */
  read(path: string): Promise<KeysReading> {
    return this.runOnThread('readKeys', path);
  }

  /** Reads keys that {@link read} has packed. */
  unpack(packed: Uint8Array): Promise<KeysReading> {
    return this.runOnThread('unpackKeys', packed);
  }

  /** Merges keys that {@link read} has packed. */
  merge(keys: KeysToMerge): Promise<KeysReading> {
    return this.runOnThread('mergePacked', keys);
  }

  /** Writes packed keys to a file, if nobody else has changed it. */
  write(keys: KeysToWrite): Promise<KeysWriting> {
    return this.runOnThread('writeKeys', keys);
  }
}
