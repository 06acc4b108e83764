import type { Servable } from './servable';

/** Told what happens to a version, for logs and metrics. */
export interface VersionObserver {
  stateChanged(version: Servable): void;
  runnerDied(version: Servable, reason: string): void;
  fellBack(version: Servable, reason: string): void;
}
