import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Config } from '../config/config';
import type { Model } from '../models/model';
import { ModelRegistry } from '../models/registry/model-registry';
import { Drain, SHUTTING_DOWN } from './drain';

const LOADING = 'models are still loading';
const NO_MODEL = 'the model repository has no models; put one at <model>/<version>/model.onnx';

/**
 * What readiness depends on, by NEXUS_READINESS: the first loading has ended, a model is READY, every required model is,
 * and the server is not draining. Any other model that is not READY only degrades the state.
 */
@Injectable()
export class Readiness {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly registry: ModelRegistry,
    private readonly drain: Drain,
    private readonly config: Config,
  ) {}

  /** Checks for Terminus: the server itself, then each model. */
  get checks(): (() => HealthIndicatorResult)[] {
    return [() => this.server(), ...this.registry.list().map((model) => () => this.model(model))];
  }

  /** Check for Terminus: the first loading of the models has ended, well or not. */
  started(): HealthIndicatorResult {
    const indicator = this.indicators.check('models');
    return this.registry.settled ? indicator.up() : indicator.down(LOADING);
  }

  /** Why the server is not ready; empty when it is. */
  get reason(): string {
    const fault = this.fault();
    if (fault !== '') return fault;
    const waiting = this.registry.list().find((model) => this.isRequired(model) && !isReady(model));
    return waiting === undefined ? '' : `model '${waiting.name}' is not ready; /health tells why`;
  }

  /** Why the server is not ready, whichever models are required. */
  private fault(): string {
    if (this.drain.active) return SHUTTING_DOWN;
    if (!this.registry.settled) return LOADING;
    const models = this.registry.list();
    if (models.some(isReady)) return '';
    // Without a model, explicit control waits for requests to load one, which have to get here.
    if (models.length === 0) return this.config.modelControlMode === 'explicit' ? '' : NO_MODEL;
    return 'no model is ready; /health tells why';
  }

  private server(): HealthIndicatorResult {
    const indicator = this.indicators.check('server');
    const fault = this.fault();
    return fault === '' ? indicator.up() : indicator.down(fault);
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

function isReady({ versions }: Model): boolean {
  return versions.some(({ state }) => state === 'READY');
}
