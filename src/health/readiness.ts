import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { Model } from '../models/model-factory';
import { ModelRegistry } from '../models/model-registry';
import { Drain, SHUTTING_DOWN } from './drain';

/**
 * What readiness depends on: every required model has a READY version and the server is not draining. An optional
 * model that is not READY only degrades the state.
 */
@Injectable()
export class Readiness {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly registry: ModelRegistry,
    private readonly drain: Drain,
  ) {}

  /** Checks for Terminus: the server itself, then each model. */
  get checks(): (() => HealthIndicatorResult)[] {
    return [() => this.server(), ...this.registry.list().map((model) => () => this.model(model))];
  }

  /** Check for Terminus: the first loading of the models has ended, well or not. */
  started(): HealthIndicatorResult {
    const indicator = this.indicators.check('models');
    return this.registry.settled ? indicator.up() : indicator.down('models are still loading');
  }

  /** Why the server is not ready; empty when it is. */
  get reason(): string {
    if (this.drain.active) return SHUTTING_DOWN;
    const waiting = this.registry.list().find((model) => isRequired(model) && !isReady(model));
    return waiting === undefined ? '' : `model '${waiting.name}' is not ready; /health tells why`;
  }

  private server(): HealthIndicatorResult {
    const indicator = this.indicators.check('server');
    return this.drain.active ? indicator.down('shutting down') : indicator.up();
  }

  private model(model: Model): HealthIndicatorResult {
    const indicator = this.indicators.check(model.name);
    const versions = model.versions.map(({ version, state, reason, device }) => ({
      version,
      state,
      ...(reason === '' ? {} : { reason }),
      ...(device === undefined ? {} : { device }),
    }));
    const data = { required: isRequired(model), versions };
    if (isReady(model)) return indicator.up(data);
    return isRequired(model) ? indicator.down(data) : indicator.degraded(data);
  }
}

function isRequired({ settings }: Model): boolean {
  return settings.required ?? true;
}

function isReady({ versions }: Model): boolean {
  return versions.some(({ state }) => state === 'READY');
}
