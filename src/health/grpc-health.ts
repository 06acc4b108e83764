import { Injectable } from '@nestjs/common';
import { HealthImplementation, type ServingStatus } from 'grpc-health-check';
import { ModelRegistry } from '../models/registry/model-registry';
import { Drain } from './drain';
import { Readiness } from './readiness';

/** How soon those who watch hear of a model that has changed. */
const REFRESH_MS = 250;

/** What the health service is added to: a gRPC server. */
type Services = Parameters<HealthImplementation['addToServer']>[0];
type Handler = (...args: unknown[]) => void;

/**
 * `grpc.health.v1.Health`: the server under the empty name and that of the inference service, and each model under its
 * own. A shutdown makes all of them NOT_SERVING at once, and an unload its model.
 */
@Injectable()
export class GrpcHealth {
  private readonly health = new HealthImplementation();
  private readonly told = new Map<string, ServingStatus>();

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
          this.afresh(handle as Handler),
        ]);
        server.addService(service, Object.fromEntries(named) as Record<string, Handler>);
      },
    });
    this.refresh();
    this.drain.onBegin(() => this.refresh());
    setInterval(() => this.refresh(), REFRESH_MS).unref();
  }

  /** Whoever asks is told the state of this moment; only those who go on watching depend on the timer. */
  private afresh(handle: Handler): Handler {
    return (...args) => {
      this.refresh();
      handle(...args);
    };
  }

  private refresh(): void {
    const ready = this.readiness.reason === '';
    const serving = new Map<string, boolean>([...this.told.keys()].map((name) => [name, false]));
    for (const { name, versions } of this.registry.list())
      serving.set(name, !this.drain.active && versions.some(({ state }) => state === 'READY'));
    serving.set('', ready).set('inference.GRPCInferenceService', ready);
    for (const [name, isServing] of serving) this.tell(name, isServing);
  }

  private tell(name: string, serving: boolean): void {
    const status = serving ? 'SERVING' : 'NOT_SERVING';
    if (this.told.get(name) === status) return;
    this.told.set(name, status);
    this.health.setStatus(name, status);
  }
}
