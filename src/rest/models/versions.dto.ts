/** What became of one version of a model. */
export class VersionChanged {
  /** @example digits */
  model: string;
  /** @example 1 */
  version: string;
  /**
   * `loaded` where it was not served before, `replaced` by its new files or settings, `unchanged` when it was served as the
   * repository has it, `unloaded` when it is gone.
   * @example loaded
   */
  change: 'loaded' | 'replaced' | 'unchanged' | 'unloaded';
  /**
   * How long it took, in milliseconds.
   * @example 120
   */
  took_ms: number;
}
