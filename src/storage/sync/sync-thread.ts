import { join } from 'node:path';
import { Offload } from '../../common/offload';
import type { Contact, SyncResult, SyncTask } from './synchronise';

/** Synchronises copies on worker threads, one for each of `count` repositories. Hashing would block the event loop. */
export class SyncThreads extends Offload {
  /** Whether the threads have ended. */
  isClosed = false;

  constructor(count: number) {
    super(join(__dirname, 'sync.worker.js'), count);
  }

  override onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    return super.onApplicationShutdown();
  }

  /** Calls contact. */
  contact(task: Pick<SyncTask, 'url' | 'limit'>): Promise<Contact> {
    return this.runOnThread('contactStore', task);
  }

  /** Calls synchronise. */
  synchronise(task: SyncTask): Promise<SyncResult> {
    return this.runOnThread('synchroniseCopy', task);
  }
}
