import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Registry } from 'prom-client';
import { Metrics } from '../../observability/metrics/metrics';

/** What Prometheus scrapes. */
@ApiTags('Operations')
@SkipThrottle()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  @ApiOperation({
    summary: 'Metrics for Prometheus',
    description: 'Counters, gauges and histograms in the Prometheus text format; times are in seconds.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description: 'The metrics of this process.',
    content: {
      'text/plain': {
        schema: { type: 'string' },
        example:
          '# HELP nexus_inference_rows_total Rows of requests that succeeded.\n' +
          '# TYPE nexus_inference_rows_total counter\n' +
          'nexus_inference_rows_total{model="digits",version="1"} 1024\n',
      },
    },
  })
  getMetrics(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
