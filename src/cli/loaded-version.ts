import type { ModelDetails } from '../rest/models/models.dto';
import type { VersionDetails } from '../rest/models/version-details.dto';

/** The newest version of a model that has been loaded, so that its inputs are known. Undefined if there is none. */
export function loadedVersion({ versions }: ModelDetails): VersionDetails | undefined {
  return versions.findLast(({ signature }) => signature !== undefined);
}
