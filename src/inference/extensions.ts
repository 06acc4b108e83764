import type { Config } from '../config/config';
import { SCHEDULE_EXTENSION } from '../open-inference/http';

const ALWAYS = [
  'classification',
  'model_repository',
  'model_repository(unload_dependents)',
  'model_configuration',
  'parameters',
  SCHEDULE_EXTENSION,
  'statistics',
  'trace',
  'logging',
];

/**
 * The supported extensions of the Open Inference Protocol V2, over REST and gRPC, under Triton's names. The generate
 * extension has no name, and Triton does not list it either.
 */
export function extensionsOf({ systemSharedMemory }: Config): readonly string[] {
  return systemSharedMemory === '' ? ALWAYS : [...ALWAYS, 'system_shared_memory'];
}
