import type { VersionPolicy } from '../version-policy.schema';
import { Fault } from './text/fault';
import type { ModelConfig } from './model-config';
import { positionOf } from './text/read-message';

/** The version policy of `config`; the newest version by default. @throws Fault for an invalid policy. */
export function versionPolicyOf(config: ModelConfig): VersionPolicy {
  const { version_policy: policy = { latest: { num_versions: 1 } } } = config;
  const { latest, specific } = policy;
  const { line } = positionOf(config, 'version_policy');
  if (latest !== undefined) {
    const { num_versions = 0 } = latest;
    if (num_versions === 0)
      throw new Fault({ line }, 'version_policy.latest requires num_versions; set it to at least 1');
    return { latest: { num_versions } };
  }
  if (specific === undefined) return { all: {} };
  const versions = [...new Set(specific.versions)].toSorted((one, other) => one - other);
  const none = versions.find((version) => version < 1);
  if (versions.length === 0 || none !== undefined)
    throw new Fault(
      { line },
      `version_policy.specific: expected versions of at least 1, got ${none ?? 'none'}`,
    );
  return { specific: { versions } };
}

/** Selects the versions to serve from `versions`, oldest first. Specific versions are included even if they do not exist. */
export function chosenVersions(
  { latest, specific }: VersionPolicy,
  versions: readonly string[],
): readonly string[] {
  if (latest !== undefined) return versions.slice(-latest.num_versions);
  return specific?.versions.map(String) ?? versions;
}
