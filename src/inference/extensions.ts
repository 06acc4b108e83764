import type { Config } from '../config/config';

const ALWAYS = [
  'classification',
  'model_repository',
  'model_repository(unload_dependents)',
  'model_configuration',
  'parameters',
  'schedule_policy',
  'statistics',
  'trace',
  'logging',
];

/**
 * The extensions of the Open Inference Protocol V2 that are spoken, by REST and by gRPC, under the names Triton gave
 * them. It gave none to the generate extension, which its own servers do not list either.
 */
export function extensionsOf({ systemSharedMemory }: Config): readonly string[] {
  return systemSharedMemory === '' ? ALWAYS : [...ALWAYS, 'system_shared_memory'];
}
