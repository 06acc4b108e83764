import {
  Metadata,
  ServerInterceptingCall,
  status,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { corrected } from '../common/grpc-refusal';
import { REQUEST_ID_HEADER, requestIdOf } from '../common/request-id';
import { attachCall, type GrpcCall } from './grpc-call';
import type { Log } from './log';
import type { Metrics } from './metrics';
import { logFields, type InferenceSummary } from './request-log';

/** Methods that machines ask every few seconds: their lines are for debugging only. */
const FREQUENT = /^\/(grpc\.health\.|inference\.GRPCInferenceService\/Server(Live|Ready)$)/;

/**
 * Makes every answer of gRPC carry its request id, and every call be counted and leave one line in the log. Has to be
 * the first interceptor: behind another one it would not hear what grpc-js does by itself.
 */
export function observeCalls(log: Log, metrics: Metrics, bodyLimit: number): ServerInterceptor {
  return ({ path }, call) => {
    const observed = new ObservedCall(path, call, log, metrics);
    observed.watchAnswers(call, bodyLimit);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            observed.begin(metadata);
            pass(metadata);
          },
          onCancel: () => observed.end(status.CANCELLED),
        }),
    });
  };
}

/** A call from its start to its end. */
class ObservedCall implements GrpcCall {
  requestId = '';
  inference: InferenceSummary | undefined;
  readonly address: string;
  private readonly started = performance.now();
  private ended = false;

  constructor(
    private readonly method: string,
    call: ServerInterceptingCallInterface,
    private readonly log: Log,
    private readonly metrics: Metrics,
  ) {
    this.address = call.getConnectionInfo().remoteAddress ?? 'unknown';
  }

  begin(metadata: Metadata): void {
    this.requestId = requestIdOf({
      headers: { [REQUEST_ID_HEADER]: metadata.get(REQUEST_ID_HEADER).join() },
    });
    metadata.set(REQUEST_ID_HEADER, this.requestId);
    attachCall(metadata, this);
  }

  /**
   * Takes the place of two methods of `call` itself: what grpc-js refuses or sends by itself does not come by an
   * interceptor.
   */
  watchAnswers(call: ServerInterceptingCallInterface, bodyLimit: number): void {
    const sendMetadata = call.sendMetadata.bind(call);
    const sendStatus = call.sendStatus.bind(call);
    let hasMetadata = false;
    call.sendMetadata = (metadata) => {
      hasMetadata = true;
      metadata.set(REQUEST_ID_HEADER, this.requestId);
      sendMetadata(metadata);
    };
    call.sendStatus = (sent) => {
      const answer = sent.code === status.OK ? sent : corrected(sent, bodyLimit);
      if (!hasMetadata) (answer.metadata ??= new Metadata()).set(REQUEST_ID_HEADER, this.requestId);
      this.end(answer.code);
      sendStatus(answer);
    };
  }

  end(code: status): void {
    if (this.ended) return;
    this.ended = true;
    this.answered(code, performance.now() - this.started, this.inference);
  }

  answered(code: status, ms: number, inference?: InferenceSummary): void {
    this.metrics.grpc.answered(this.method, code);
    this.log.write(
      FREQUENT.test(this.method) ? 'debug' : 'info',
      logFields({
        requestId: this.requestId,
        method: 'gRPC',
        route: this.method,
        status: status[code] ?? code,
        ms,
        inference,
      }),
    );
  }
}
