import type { Caller } from '../../identity/caller';
import type { ModelRegistry } from '../../models/registry/model-registry';
import type { NamedVersion } from '../../transport/http/request-log';

/**
 * The model that `name` in a request means, as `name` or as `name:version`, where an alias is also a version. A model may have
 * a colon in its name. Whether a model exists that `caller` does not see makes no difference.
 */
export function namedVersion(
  registry: Pick<ModelRegistry, 'peek'>,
  name: string,
  caller: Pick<Caller, 'sees'>,
): NamedVersion {
  const colon = name.lastIndexOf(':');
  const model = name.slice(0, Math.max(colon, 0));
  const isServed = (each: string) => caller.sees(each) && registry.peek(each) !== undefined;
  if (isServed(model) && !isServed(name)) return { model, version: name.slice(colon + 1) };
  return { model: name, version: undefined };
}
