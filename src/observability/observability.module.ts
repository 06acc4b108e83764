import { Global, Module } from '@nestjs/common';
import { Config } from '../config/config';
import { Metrics } from './metrics';
import { MetricsController } from './metrics.controller';
import { addTritonMetrics } from './triton-metrics';

/** Gives every feature the {@link Metrics}, and serves them. Logs go through Nest's `Logger`. */
@Global()
@Module({
  providers: [{ provide: Metrics, inject: [Config], useFactory: createMetrics }],
  controllers: [MetricsController],
  exports: [Metrics],
})
export class ObservabilityModule {}

function createMetrics({ tritonMetrics }: Config): Metrics {
  const metrics = new Metrics();
  if (tritonMetrics === 'on') addTritonMetrics(metrics);
  return metrics;
}
