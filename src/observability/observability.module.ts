import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Cluster } from '../common/cluster';
import { Config } from '../config/config';
import { tracingSettingsOf } from '../config/tracing';
import { Log } from './log/log';
import { LogSettings } from './log/log-settings';
import { addGpuMetrics } from './metrics/gpu-metrics';
import { GpuReader } from './metrics/gpu-reader';
import { Metrics } from './metrics/metrics';
import { MetricsReport } from './metrics/metrics-report';
import { RequestLoad } from './metrics/request-load';
import { Traces } from './log/traces';
import { addTritonMetrics } from './metrics/triton-metrics';
import { NoTracing, Tracing } from './tracing/tracing';

/** Provides {@link Metrics} to every feature. Features log through Nest's `Logger`. */
@Global()
@Module({
  providers: [
    { provide: Metrics, inject: [Config, Cluster], useFactory: createMetrics },
    { provide: Tracing, useFactory: createTracing },
    LogSettings,
    Traces,
    MetricsReport,
    RequestLoad,
  ],
  exports: [Metrics, MetricsReport, RequestLoad, Tracing, LogSettings, Traces],
})
export class ObservabilityModule {
  /** @param log the log of the process. */
  static with(log: Log): DynamicModule {
    return {
      module: ObservabilityModule,
      providers: [{ provide: Log, useValue: log }],
      exports: [Log],
    };
  }
}

function createMetrics({ tritonMetrics }: Config, { index }: Cluster): Metrics {
  const metrics = new Metrics();
  if (tritonMetrics === 'on') {
    addTritonMetrics(metrics);
    // GPUs belong to the machine, so one process reports them for all.
    if (index === 0) addGpuMetrics(metrics.registry, new GpuReader());
  }
  return metrics;
}

async function createTracing(): Promise<Tracing> {
  const settings = tracingSettingsOf();
  if (settings === undefined) return new NoTracing();
  // It takes memory and time to load.
  const { OpenTracing } = await import('./tracing/open-tracing.js');
  return new OpenTracing(settings);
}
