import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Config } from '../config/config';
import { Log } from './log';
import { LogSettings } from './log-settings';
import { LogSettingsController } from './log-settings.controller';
import { Metrics } from './metrics';
import { MetricsController } from './metrics.controller';
import { Traces } from './traces';
import { addTritonMetrics } from './triton-metrics';

/** Gives every feature the {@link Metrics}, and serves them. Logs go through Nest's `Logger`. */
@Global()
@Module({
  providers: [{ provide: Metrics, inject: [Config], useFactory: createMetrics }, LogSettings, Traces],
  controllers: [MetricsController, LogSettingsController],
  exports: [Metrics, LogSettings, Traces],
})
export class ObservabilityModule {
  /** @param log where the process logs to. */
  static with(log: Log): DynamicModule {
    return { module: ObservabilityModule, providers: [{ provide: Log, useValue: log }] };
  }
}

function createMetrics({ tritonMetrics }: Config): Metrics {
  const metrics = new Metrics();
  if (tritonMetrics === 'on') addTritonMetrics(metrics);
  return metrics;
}
