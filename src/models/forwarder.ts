import type { FleetAnswer, FleetRequest } from '../remote/fleet/fleet-request';
import type { ForwardedAnswer, ForwardedRequest } from '../remote/forwarded';

/** Forwards requests of the OpenAI API to the targets of a model. */
export interface Forwarder {
  /** What the sessions of requests are; see FleetRequest. */
  readonly affinity: 'header' | 'prefix' | 'none';
  /** Silence in an event stream after which a comment is sent, in milliseconds; undefined for never. */
  readonly heartbeatMs: number | undefined;

  /** Resolves when the head of the response has arrived. The caller must end the answer. Rejects with a NexusError. */
  forward(request: ForwardedRequest, route: FleetRequest): Promise<FleetAnswer<ForwardedAnswer>>;
}
