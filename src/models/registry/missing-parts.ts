/**
 * Returns the models that the pipeline `name` needs and that are not served, dependencies first. Returns none if the
 * pipeline contains itself, which is reported when it is loaded.
 * @param missingOf returns the models in the steps of a model that are not served; none if it is not a pipeline.
 */
export async function missingParts(
  name: string,
  missingOf: (model: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const parts = new Set<string>();
  const isAcyclic = async (model: string, path: readonly string[]): Promise<boolean> => {
    for (const part of await missingOf(model)) {
      if (path.includes(part)) return false;
      if (!parts.has(part) && !(await isAcyclic(part, [...path, part]))) return false;
      parts.add(part);
    }
    return true;
  };
  return (await isAcyclic(name, [name])) ? [...parts] : [];
}
