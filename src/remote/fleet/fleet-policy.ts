import type { TargetTimeouts } from '../target';

/** How requests are routed to the targets of a model. */
export interface FleetPolicy {
  readonly timeouts: TargetTimeouts;
  /** Maximum retries of a request, each on another target if there is one. */
  readonly retries: number;
  /** Whether a request that takes longer than 95 of 100 others is also sent to a second target; the first answer counts. */
  readonly hedge: boolean;
  /** Time between two health checks of a healthy target, in milliseconds. */
  readonly healthIntervalMs: number;
  /** Region of the gateway. Targets in other regions are used only while none in this region can be; undefined to ignore regions. */
  readonly region: string | undefined;
}

/** The policy of a model that sets nothing. */
export const DEFAULT_POLICY: FleetPolicy = {
  timeouts: { connectMs: 1000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 600_000 },
  retries: 2,
  hedge: false,
  healthIntervalMs: 2000,
  region: undefined,
};
