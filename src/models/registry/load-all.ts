import { availableParallelism } from 'node:os';
import type { Servable } from '../model';

/** Loads `versions`, at most as many at a time as there are cores, because loading is CPU-bound. Never rejects. */
export async function loadAll(versions: readonly Servable[]): Promise<void> {
  const waiting = versions.values();
  const load = async () => {
    for (const version of waiting) await version.start();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, load));
}
