import { status } from '@grpc/grpc-js';
import type { Trace } from '../../common/trace';

/** The codes that are errors of the server in the conventions of OpenTelemetry. Others are mistakes of the client. */
const OF_SERVER: ReadonlySet<status> = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/**
 * Ends the trace of a call of the method with `path`, such as `/inference.GRPCInferenceService/ModelInfer`, with the
 * attributes that the semantic conventions of OpenTelemetry name for gRPC servers.
 * @param error code of its error; undefined if it succeeded.
 */
export function endCallTrace(trace: Trace, path: string, code: status, error: string | undefined): void {
  const [, service, method] = path.split('/');
  trace.describe(path.slice(1), {
    'rpc.system': 'grpc',
    'rpc.service': service,
    'rpc.method': method,
    'rpc.grpc.status_code': code,
    'error.type': error,
  });
  trace.end(performance.now(), OF_SERVER.has(code) ? error : undefined);
}
