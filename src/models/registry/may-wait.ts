import type { Model, Servable } from '../model';

/**
 * Whether `version`, which is not READY, can be served nevertheless: it becomes READY when its targets can be used. Not if the
 * version of `before` with its number, which is READY, can continue to serve.
 */
export function mayWait({ version, platform, targets }: Servable, before: Model | undefined): boolean {
  if (platform !== 'remote' || targets.length === 0) return false;
  return before?.versions.some((old) => old.version === version && old.state === 'READY') !== true;
}
