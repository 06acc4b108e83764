import { Injectable } from '@nestjs/common';
import { HealthImplementation, type ServingStatus } from 'grpc-health-check';
import { ModelRegistry } from '../models/registry/model-registry';
import { Drain } from './drain';
import { Readiness } from './readiness';

/** Maximum delay until watching clients receive a changed status. */
const REFRESH_MS = 250;

/** A gRPC server. */
type Services = Parameters<HealthImplementation['addToServer']>[0];
type Handler = (...args: unknown[]) => void;

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
        server.addService(service, Object.fromEntries(named) as Record<string, Handler>);
      },
    });
    this.refresh();
    this.drain.onBegin(() => this.refresh());
    setInterval(() => this.refresh(), REFRESH_MS).unref();
  }

  /** Refreshes before each call, so that responses are current. Only watches depend on the timer. */
  private refreshing(handle: Handler): Handler {
    return (...args) => {
      this.refresh();
      handle(...args);
    };
  }

  private refresh(): void {
    const ready = this.readiness.reason === '';
    const serving = new Map<string, boolean>([...this.statuses.keys()].map((name) => [name, false]));
    for (const { name, versions } of this.registry.list())
      serving.set(name, !this.drain.active && versions.some(({ state }) => state === 'READY'));
    serving.set('', ready).set('inference.GRPCInferenceService', ready);
    for (const [name, isServing] of serving) this.setStatus(name, isServing);
  }

  private setStatus(name: string, serving: boolean): void {
    const status = serving ? 'SERVING' : 'NOT_SERVING';
    if (this.statuses.get(name) === status) return;
    this.statuses.set(name, status);
    this.health.setStatus(name, status);
  }
}
