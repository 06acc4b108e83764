import { availableParallelism } from 'node:os';
import type { Servable } from '../model';

/**
 * Loads `versions`. Loading is CPU-bound, so there are at most as many at a time as there are cores, apart from models that
 * other servers run, which may take long to answer. Never rejects.
 */
export async function loadAll(versions: readonly Servable[]): Promise<void> {
  const remote = versions.filter(({ platform }) => platform === 'remote');
  const waiting = versions.filter(({ platform }) => platform !== 'remote').values();
  const load = async () => {
    for (const version of waiting) await version.start();
  };
  const loading = Array.from({ length: availableParallelism() }, load);
  await Promise.all([...loading, ...remote.map((version) => version.start())]);
}
