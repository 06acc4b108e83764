/** The result of a change to one version of a model. */
export class VersionChanged {
  /** @example digits */
  model: string;
  /** @example 1 */
  version: string;
  /**
   * `loaded` if the version was not served before, `replaced` if its files or settings had changed, `unchanged` if it was
   * already served as it is in the repository, `unloaded` if it is no longer served.
   * @example loaded
   */
  change: 'loaded' | 'replaced' | 'unchanged' | 'unloaded';
  /**
   * Duration of the operation, in milliseconds.
   * @example 120
   */
  took_ms: number;
}
