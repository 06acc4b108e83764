import type { FoundModel } from '../../repository/repository';

/** Maximum number of models that a message names. */
const MAX_LISTED = 20;

/** Why `models` cannot have the name `modelName` of NEXUS_MODEL_NAME: there are several, and none has it. Empty if they can. */
export function nameFault(modelName: string, models: readonly FoundModel[]): string {
  if (modelName === '' || models.length < 2 || models.some(({ name }) => name === modelName)) return '';
  return `NEXUS_MODEL_NAME=${modelName}: expected a repository with one model, or with one of this name; it has ${listed(models)}. Unset it: several models have the names of their folders`;
}

/** The names of at most 20 of `models`. */
export function listed(models: readonly FoundModel[]): string {
  const names = models.slice(0, MAX_LISTED).map(({ name }) => name);
  if (models.length > MAX_LISTED) names.push(`${models.length - MAX_LISTED} more`);
  return names.join(', ');
}
