import type { Servable } from './model';

/** Told what happens to a version, for logs and metrics. */
export interface VersionObserver {
  stateChanged(version: Servable): void;
  runnerDied(version: Servable, reason: string): void;
  fellBack(version: Servable, reason: string): void;
  /** It could not be tried out whether requests may share a run. */
  untried(version: Servable, reason: string): void;
  /** Rows turned out to depend on each other while requests shared runs, which they do no longer. */
  mixed(version: Servable, reason: string): void;
}
