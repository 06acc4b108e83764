import { Fault } from './text/fault';
import type { ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

/** Which versions of a model are served, of those there are, oldest first. A version may be wanted that is not there. */
export type VersionPolicy = (versions: readonly string[]) => readonly string[];

/** The policy of `config`: the newest version when it has none. @throws Fault for one that no version can meet. */
export function versionPolicyOf(config: ModelConfig): VersionPolicy {
  const { version_policy: policy = { latest: { num_versions: 1 } } } = config;
  const { latest, specific } = policy;
  const { line } = positionOf(config, 'version_policy');
  if (latest !== undefined) {
    const { num_versions: count = 0 } = latest;
    if (count === 0) throw new Fault({ line }, 'latest needs num_versions; give at least 1');
    return (versions) => versions.slice(-count);
  }
  if (specific === undefined) return (versions) => versions;
  const wanted = [...new Set(specific.versions)].toSorted((one, other) => one - other).map(String);
  const none = wanted.find((version) => !/^[1-9][0-9]*$/.test(version));
  if (wanted.length === 0 || none !== undefined)
    throw new Fault({ line }, `specific needs versions that are at least 1, got ${none ?? 'none'}`);
  return () => wanted;
}
