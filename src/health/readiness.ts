import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { Caller } from '../identity/caller';
import { Config } from '../config/config';
import type { Model } from '../models/model';
import { ModelRegistry } from '../models/registry/model-registry';
import { Replicas } from '../replicas/replicas';
import { Mirrors } from '../storage/sync/mirrors';
import { Drain, SHUTTING_DOWN } from './drain';

/** The reason that strangers get. */
export const HIDDEN = 'clients with the scope read see the reason at GET /health';

const LOADING = 'models are still loading';
const NO_MODEL = 'the model repository has no models; put one at <model>/<version>/model.onnx';

/**
 * Readiness of the server: the initial loading has finished, a model and every required model are READY, and the server
 * is not draining. NEXUS_READINESS decides which models are required; other models that are not READY are degraded.
 */
@Injectable()
export class Readiness {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly registry: ModelRegistry,
    private readonly drain: Drain,
    private readonly config: Config,
    private readonly replicas: Replicas,
    private readonly mirrors: Mirrors,
  ) {}

  /** Checks for Terminus: the server itself, whether it shares its state, then each model; for a stranger, whether the server is ready. */
  checksFor(caller: Caller): (() => HealthIndicatorResult)[] {
    if (!maySeeHealth(caller)) return [() => this.verdict()];
    return [
      () => this.server(),
      () => this.sharing(),
      ...this.registry.list().map((model) => () => this.model(model)),
    ];
  }

  /** Check for Terminus: the initial loading of the models has finished, successfully or not. */
  started(): HealthIndicatorResult {
    const indicator = this.indicators.check('models');
    return this.registry.settled ? indicator.up() : indicator.down(LOADING);
  }

  /** Why the server is not ready; empty if it is. */
  get reason(): string {
    const fault = this.fault();
    if (fault !== '') return fault;
    const missing = this.registry.list().find((model) => this.isRequired(model) && !isReady(model));
    return missing === undefined ? '' : `model '${missing.name}' is not ready; GET /health for the reason`;
  }

  /** Why the server is not ready, regardless of required models. */
  private fault(): string {
    if (this.drain.active) return SHUTTING_DOWN;
    if (!this.registry.settled) return this.downloads() || LOADING;
    const models = this.registry.list();
    if (models.some(isReady)) return '';
    // In explicit mode a server without models waits for load requests, which must reach it.
    if (models.length === 0) return this.config.modelControlMode === 'explicit' ? '' : NO_MODEL;
    return 'no model is ready; GET /health for the reasons';
  }

  private verdict(): HealthIndicatorResult {
    const indicator = this.indicators.check('server');
    return this.reason === '' ? indicator.up() : indicator.down();
  }

  private server(): HealthIndicatorResult {
    const indicator = this.indicators.check('server');
    const fault = this.fault();
    const repositories = this.mirrors.status;
    const data: Record<string, unknown> = repositories.length === 0 ? {} : { repositories };
    return fault === '' ? indicator.up(data) : indicator.down({ ...data, message: fault });
  }

  /** Why there are no models yet; empty if they have been downloaded. */
  private downloads(): string {
    const { status } = this.mirrors;
    const waiting = status.find(({ synchronised_at }) => synchronised_at === undefined);
    if (waiting === undefined) return '';
    return waiting.fault ?? `models of ${waiting.repository} are being downloaded`;
  }

  /** Never down: a replica that stands alone continues to serve. */
  private sharing(): HealthIndicatorResult {
    const indicator = this.indicators.check('replicas');
    const { mode, since, reason } = this.replicas.standing;
    const data = { mode, since: since.toISOString(), ...(reason === '' ? {} : { reason }) };
    return mode === 'shared' || !this.replicas.isConfigured ? indicator.up(data) : indicator.degraded(data);
  }

  private model(model: Model): HealthIndicatorResult {
    const indicator = this.indicators.check(model.name);
    const versions = model.versions.map(({ version, state, reason, device }) => ({
      version,
      state,
      ...(reason === '' ? {} : { reason }),
      ...(device === undefined ? {} : { device }),
    }));
    const required = this.isRequired(model);
    const data = { required, versions };
    if (isReady(model)) return indicator.up(data);
    return required ? indicator.down(data) : indicator.degraded(data);
  }

  private isRequired({ settings }: Model): boolean {
    return this.config.readiness === 'strict' || settings.required === true;
  }
}

/** Whether `caller` may know models and reasons. Models have different clients, so it must see all of them. */
export function maySeeHealth(caller: Caller): boolean {
  return caller.seesAll && caller.has('read', 'admin');
}

function isReady({ versions }: Model): boolean {
  return versions.some(({ state }) => state === 'READY');
}
