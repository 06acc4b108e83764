import { DEFAULT_POLICY, type FleetPolicy } from '../../remote/fleet/fleet-policy';
import type { RoutingSettings } from '../../repository/remote-settings';

/** The policy that `settings` describe. @param region of the gateway; undefined to ignore regions. */
export function policyOf(settings: RoutingSettings = {}, region: string | undefined): FleetPolicy {
  const { timeouts, retries, hedge, healthIntervalMs } = DEFAULT_POLICY;
  return {
    timeouts: {
      connectMs: settings.connect_timeout_ms ?? timeouts.connectMs,
      firstByteMs: settings.first_byte_timeout_ms ?? timeouts.firstByteMs,
      idleMs: settings.idle_timeout_ms ?? timeouts.idleMs,
      totalMs: settings.total_timeout_ms ?? timeouts.totalMs,
    },
    retries: settings.retries ?? retries,
    hedge: settings.hedge ?? hedge,
    healthIntervalMs: settings.health_interval_ms ?? healthIntervalMs,
    region,
  };
}
