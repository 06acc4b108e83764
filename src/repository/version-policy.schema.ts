/** The newest versions of a model. */
export class LatestVersions {
  /** Number of versions. */
  num_versions: number;
}

/** Some versions of a model. */
export class SpecificVersions {
  versions: number[];
}

/** Which versions of a model are served. Exactly one of the policies is set. */
export class VersionPolicy {
  all?: Record<string, never>;
  latest?: LatestVersions;
  specific?: SpecificVersions;
}
