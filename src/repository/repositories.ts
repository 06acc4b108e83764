import { scanRepository, type FoundModel } from './repository';

/**
 * Finds the models in the repositories at `paths`, sorted by name; see {@link scanRepository}. A name in several of them is
 * refused.
 * @throws the system's error if one of them cannot be read.
 */
export async function scanRepositories(
  paths: readonly string[],
  modelName = '',
): Promise<readonly FoundModel[]> {
  const [first, ...others] = await Promise.all(paths.map((path) => scanRepository(path, modelName)));
  if (others.length === 0) return first!.models;
  const models = new Map<string, FoundModel>();
  for (const model of [first!, ...others].flatMap((repository) => repository.models)) {
    const { name, root } = model;
    const other = models.get(name);
    models.set(name, other === undefined ? model : { ...other, refusal: inBoth(name, other.root, root) });
  }
  return [...models.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function inBoth(name: string, one: string, other: string): string {
  return `the repositories ${one} and ${other} both define the model ${name}; remove it from one of them, or rename it`;
}
