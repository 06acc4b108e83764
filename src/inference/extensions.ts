/**
 * The extensions of the Open Inference Protocol V2 that are spoken, by REST and by gRPC, under the names Triton gave
 * them. The generate extension has none there, and is not among those that Triton tells of.
 */
export const EXTENSIONS: readonly string[] = [
  'classification',
  'model_repository',
  'model_repository(unload_dependents)',
  'model_configuration',
  'parameters',
  'statistics',
  'trace',
  'logging',
];
