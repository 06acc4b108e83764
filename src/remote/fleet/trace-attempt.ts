import type { SpanAttributes, Trace } from '../../common/trace';
import type { Target } from '../target';

const NAMES: Readonly<Record<Target['protocol'], string>> = {
  v2: 'POST /v2/models/{model}/infer',
  'v2-grpc': 'inference.GRPCInferenceService/ModelInfer',
  openai: 'POST',
};

const OF_HTTP = { 'http.request.method': 'POST' };
const OF_GRPC = {
  'rpc.system': 'grpc',
  'rpc.service': 'inference.GRPCInferenceService',
  'rpc.method': 'ModelInfer',
};

/** Begins the span of an attempt on `target`, with the attributes that OpenTelemetry names for clients of HTTP and gRPC. */
export function traceAttempt(trace: Trace, { id, url, protocol, model }: Target, startedAt: number): Trace {
  if (!trace.isSampled) return trace;
  const { hostname, port, protocol: scheme } = new URL(url);
  const attributes: SpanAttributes = {
    ...(protocol === 'v2-grpc' ? OF_GRPC : OF_HTTP),
    'server.address': hostname,
    'server.port': Number(port || (scheme === 'https:' || scheme === 'grpcs:' ? 443 : 80)),
    'nexus.target': id,
    'nexus.target.model': model,
  };
  return trace.begin(NAMES[protocol], startedAt, attributes, 'client');
}
