import type { ModelVersion } from './model-version';

/** Told what happens to a version, for logs and metrics. */
export interface VersionObserver {
  stateChanged(version: ModelVersion): void;
  runnerDied(version: ModelVersion, reason: string): void;
  fellBack(version: ModelVersion, reason: string): void;
}
