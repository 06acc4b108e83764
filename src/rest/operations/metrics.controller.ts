import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Registry } from 'prom-client';
import { MetricsReport } from '../../observability/metrics/metrics-report';
import { METRICS } from '../../identity/access';
import { Requires } from '../../transport/http/requires';

/** The endpoint that Prometheus scrapes. */
@ApiTags('Operations')
@Requires(METRICS)
@Controller('metrics')
export class MetricsController {
  constructor(private readonly report: MetricsReport) {}

  @Get()
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  @ApiOperation({
    summary: 'Get the Prometheus metrics',
    description:
      'Returns counters, gauges and histograms in the Prometheus text format. Times are in seconds.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description: 'Metrics of this process.',
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
    return this.report.text();
  }
}
