import { Injectable } from '@nestjs/common';
import type { Metadata } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatus } from 'grpc-health-check';
import { ModelRegistry } from '../models/registry/model-registry';
import type { Caller } from '../identity/caller';
import { callOf } from '../transport/grpc/grpc-call';
import { Drain } from './drain';
import { Readiness } from './readiness';

/** Maximum delay until watching clients receive a changed status. */
const REFRESH_MS = 250;

/** Names of the server itself. */
const SERVER_SERVICES = ['', 'inference.GRPCInferenceService'];

/** Makes a name that is reported as unknown, because no model has a slash in its name. */
const HIDDEN_SUFFIX = '/';

/** A gRPC server. */
type Services = Parameters<HealthImplementation['addToServer']>[0];
/** Handles Check and Watch, which name a service, and List, which does not. */
type Handler = (
  call: { readonly request: { service?: string }; readonly metadata: Metadata },
  answer?: (error: unknown, listed?: Listed | null) => void,
) => void;

interface Listed {
  readonly statuses: Readonly<Record<string, object>>;
}

/**
 * The service `grpc.health.v1.Health`. It reports the server under the empty name and the name of the inference service,
 * and each model under its own name. A shutdown sets all of them to NOT_SERVING, an unload only its model.
 */
@Injectable()
export class GrpcHealth {
  private readonly health = new HealthImplementation();
  private readonly statuses = new Map<string, ServingStatus>();

  constructor(
    private readonly registry: ModelRegistry,
    private readonly readiness: Readiness,
    private readonly drain: Drain,
  ) {}

  /** Adds the service to `server`. */
  addTo(server: Services): void {
    this.health.addToServer({
      addService: (service, handlers) => {
        const named = Object.entries(handlers).map(([name, handle]) => [
          name,
          this.refreshing(handle as Handler),
        ]);
        server.addService(service, Object.fromEntries(named) as Record<string, (...args: unknown[]) => void>);
      },
    });
    this.refresh();
    this.drain.onBegin(() => this.refresh());
    setInterval(() => this.refresh(), REFRESH_MS).unref();
  }

  /** Refreshes before each call, so that responses are current. Only watches depend on the timer. */
  private refreshing(handle: Handler): Handler {
    return (call, answer) => {
      this.refresh();
      const { request, metadata } = call;
      const { caller } = callOf(metadata);
      const { service } = request;
      if (service === undefined)
        return handle(call, (error, all) => answer?.(error, all && seen(all, caller)));
      if (!maySee(caller, service)) request.service = `${service}${HIDDEN_SUFFIX}`;
      handle(call, answer);
    };
  }

  private refresh(): void {
    const ready = this.readiness.reason === '';
    const serving = new Map<string, boolean>([...this.statuses.keys()].map((name) => [name, false]));
    for (const { name, versions } of this.registry.list())
      serving.set(name, !this.drain.active && versions.some(({ state }) => state === 'READY'));
    for (const service of SERVER_SERVICES) serving.set(service, ready);
    for (const [name, isServing] of serving) this.setStatus(name, isServing);
  }

  private setStatus(name: string, serving: boolean): void {
    const status = serving ? 'SERVING' : 'NOT_SERVING';
    if (this.statuses.get(name) === status) return;
    this.statuses.set(name, status);
    this.health.setStatus(name, status);
  }
}

/** Whether `caller` may know the status of `service`: strangers see only the server as a whole. */
function maySee(caller: Caller, service: string): boolean {
  return SERVER_SERVICES.includes(service) || caller.sees(service);
}

function seen({ statuses }: Listed, caller: Caller): Listed {
  return { statuses: Object.fromEntries(Object.entries(statuses).filter(([name]) => maySee(caller, name))) };
}
