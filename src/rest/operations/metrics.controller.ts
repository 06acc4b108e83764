import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
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
  @ApiOperation({
    summary: 'Get the Prometheus metrics',
    description:
      'Returns counters, gauges and histograms in the Prometheus text format. Times are in seconds. If `Accept` contains `application/openmetrics-text`, returns OpenMetrics 1.0, whose buckets of request durations have the trace of a request as exemplar.',
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
  getMetrics(
    @Req() { headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const isOpen = headers.accept?.includes('application/openmetrics-text') === true;
    reply.header(
      'content-type',
      isOpen ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE,
    );
    return isOpen ? this.report.openMetrics() : this.report.text();
  }
}
