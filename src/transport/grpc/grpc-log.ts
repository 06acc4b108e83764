import {
  Metadata,
  ServerInterceptingCall,
  status,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { errors } from '../../common/errors';
import type { Trace } from '../../common/trace';
import { corrected } from './grpc-refusal';
import { errorOf } from './grpc-status';
import { REQUEST_ID_HEADER, requestIdOf } from '../request-id';
import type { Failure } from '../../observability/log/failure';
import { clientSubjectOfCall } from '../tls/grpc-credentials';
import { attachCall, type GrpcCall } from './grpc-call';
import { modelIn, type RequestedModel } from './requested-model';
import type { Passed, Standing } from '../../limits/verdict';
import { settle } from '../../rate-limit/settle';
import { writeLimitHeaders } from '../limit-headers';
import type { Caller } from '../../identity/caller';
import type { Refusal } from '../../identity/refusal';
import { isAudited, type Access } from '../../identity/access';
import type { Authenticator } from '../../identity/authenticator';
import type { Log } from '../../observability/log/log';
import type { Metrics } from '../../observability/metrics/metrics';
import type { Tracing } from '../../observability/tracing/tracing';
import { endCallTrace } from './end-call-trace';
import { auditLine, requestLine, type InferenceSummary } from '../../observability/log/request-line';

/** Methods that are polled every few seconds; logged at the level debug. */
const FREQUENT = /^\/(grpc\.health\.|inference\.GRPCInferenceService\/Server(Live|Ready)$)/;

/**
 * Adds the request id to every gRPC response, and counts, logs and traces every call. It must be the first interceptor, otherwise
 * it misses responses that grpc-js sends itself.
 */
export function observeCalls(
  log: Log,
  metrics: Metrics,
  authenticator: Authenticator,
  accessOf: (path: string) => Access,
  bodyLimit: number,
  tracing: Tracing,
): ServerInterceptor {
  return ({ path, requestStream }, call) => {
    const stranger = authenticator.stranger({ ip: call.getConnectionInfo().remoteAddress });
    const audited = isAudited(accessOf(path));
    const observed = new ObservedCall(path, call, stranger, audited, log, metrics, tracing);
    observed.watchAnswers(call, bodyLimit);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            observed.begin(metadata);
            // Each request of a stream has its own trace, because a stream may last for days.
            if (!requestStream && !FREQUENT.test(path)) observed.trace = observed.beginTrace();
            pass(metadata);
          },
          onReceiveMessage: (message, pass) => {
            observed.requested = modelIn(message);
            pass(message);
          },
          onCancel: () => observed.end(status.CANCELLED, errors.cancelled()),
        }),
    });
  };
}

/** A call from its start to its end. */
class ObservedCall implements GrpcCall {
  requestId = '';
  inference: InferenceSummary | undefined;
  requested: RequestedModel | undefined;
  refusal: Refusal | undefined;
  standings: readonly Standing[] = [];
  trace: Trace | undefined;
  private traceparent: string | undefined;
  private tracestate: string | undefined;
  private spent: Passed | undefined;
  private readonly started = performance.now();
  private ended = false;

  constructor(
    private readonly method: string,
    private readonly call: ServerInterceptingCallInterface,
    public caller: Caller,
    private readonly audited: boolean,
    private readonly log: Log,
    private readonly metrics: Metrics,
    private readonly tracing: Tracing,
  ) {}

  get subject(): string | undefined {
    return clientSubjectOfCall(this.call);
  }

  spend(passed: Passed): void {
    this.spent = passed;
    if (this.ended) settle(passed, undefined);
  }

  begin(metadata: Metadata): void {
    this.requestId = requestIdOf({
      headers: { [REQUEST_ID_HEADER]: metadata.get(REQUEST_ID_HEADER).join() },
    });
    metadata.set(REQUEST_ID_HEADER, this.requestId);
    attachCall(metadata, this);
    this.traceparent = metadata.get('traceparent')[0]?.toString();
    if (this.traceparent !== undefined) this.tracestate = metadata.get('tracestate').join() || undefined;
  }

  beginTrace(): Trace | undefined {
    return this.tracing.begin(this.traceparent, this.tracestate);
  }

  /**
   * Replaces two methods of `call` itself, because responses that grpc-js sends itself bypass the interceptors.
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
      if (this.standings.length > 0)
        writeLimitHeaders(this.standings, (name, value) =>
          (answer.metadata ??= new Metadata()).set(name, value),
        );
      if (!hasMetadata) (answer.metadata ??= new Metadata()).set(REQUEST_ID_HEADER, this.requestId);
      this.end(answer.code, errorOf(answer.metadata) ?? unnamed(answer));
      sendStatus(answer);
    };
  }

  end(code: status, error: Failure['error']): void {
    if (this.ended) return;
    this.ended = true;
    const ms = performance.now() - this.started;
    if (code === status.OK) this.answered(code, ms, this.inference, this.trace);
    else this.failed(code, ms, error, this.requested, this.trace);
    settle(this.spent, code === status.OK ? undefined : error);
    if (this.audited) this.audit(code, error);
  }

  answered(
    code: status,
    ms: number,
    inference: InferenceSummary | undefined,
    trace: Trace | undefined,
  ): void {
    this.write(code, ms, inference, trace);
  }

  failed(
    code: status,
    ms: number,
    error: Failure['error'],
    requested: RequestedModel | undefined,
    trace: Trace | undefined,
  ): void {
    const { caller, refusal } = this;
    const failure = { error, caller: caller.id, refusal, path: this.method, ...requested };
    this.write(code, ms, undefined, trace, failure);
  }

  private audit(code: status, error: Failure['error']): void {
    const { requestId, caller, requested, method } = this;
    this.log.audit(
      auditLine({
        requestId,
        caller: caller.id,
        address: this.call.getConnectionInfo().remoteAddress ?? '',
        operation: method,
        model: requested?.model,
        status: status[code] ?? code,
        error: code === status.OK ? undefined : error,
      }),
    );
  }

  private write(
    code: status,
    ms: number,
    inference: InferenceSummary | undefined,
    trace: Trace | undefined,
    failure?: Failure,
  ): void {
    this.metrics.grpc.answered(this.method, code);
    if (failure !== undefined)
      this.log.recentErrors.add(this.requestId, status[code] ?? String(code), failure);
    if (trace?.isSampled === true) {
      trace.set({ 'nexus.request.id': this.requestId, 'nexus.target': inference?.target });
      endCallTrace(trace, this.method, code, failure?.error.code);
    }
    if (!this.log.selects(failure)) return;
    this.log.write(
      FREQUENT.test(this.method) ? 'debug' : 'info',
      requestLine({
        requestId: this.requestId,
        method: 'gRPC',
        route: this.method,
        status: status[code] ?? code,
        ms,
        caller: this.caller,
        inference,
        sample: this.log.sample,
        failure,
        trace,
      }),
    );
  }
}

/** The error of a status that grpc-js created itself. */
function unnamed({ code, details }: { readonly code: status; readonly details: string }): Failure['error'] {
  return { kind: 'invalid', code: (status[code] ?? 'unknown').toLowerCase(), message: details };
}
