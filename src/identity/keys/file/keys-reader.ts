import { join } from 'node:path';
import { Offload } from '../../../common/offload';
import type { KeysReading } from './keys.worker';

/** Reads keys files on a worker thread: a file of 100,000 keys takes more than a second. */
export class KeysReader extends Offload {
  constructor() {
    super(join(__dirname, 'keys.worker.js'), 1);
  }

  /** Reads the keys file at `path`. */
  read(path: string): Promise<KeysReading> {
    return this.runOnThread('readKeys', path);
  }
}
