import type { Outcome } from '../../common/offload';
import { contact, synchronise, type Contact, type SyncResult, type SyncTask } from './synchronise';

/** Runs {@link contact} on the worker thread. */
export async function contactStore(task: Pick<SyncTask, 'url' | 'limit'>): Promise<Outcome<Contact>> {
  return { value: await contact(task) };
}

/** Runs {@link synchronise} on the worker thread. */
export async function synchroniseCopy(task: SyncTask): Promise<Outcome<SyncResult>> {
  return { value: await synchronise(task) };
}
