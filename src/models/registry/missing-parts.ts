/**
 * The models that the pipeline `name` needs and that are not served, each after those that it needs itself; none for a
 * pipeline that is a part of itself, which says so when it is loaded.
 * @param missingOf the models of its own steps that are not served, for a model; none when it is no pipeline.
 */
export async function missingParts(
  name: string,
  missingOf: (model: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const parts = new Set<string>();
  const isGraph = async (model: string, path: readonly string[]): Promise<boolean> => {
    for (const part of await missingOf(model)) {
      if (path.includes(part)) return false;
      if (!parts.has(part) && !(await isGraph(part, [...path, part]))) return false;
      parts.add(part);
    }
    return true;
  };
  return (await isGraph(name, [name])) ? [...parts] : [];
}
