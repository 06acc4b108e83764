import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/** Counts the calls of the inference service whose clients are waiting for a response. */
export class CallCount {
  /** Number of calls that have received a request and not sent their status yet. */
  unanswered = 0;

  readonly interceptor: ServerInterceptor = ({ path, requestStream }, call) => {
    // Other calls, such as health watches, may never end.
    if (!path.startsWith('/inference.')) return new ServerInterceptingCall(call);
    let waiting = false;
    const begin = () => {
      if (!waiting) this.unanswered++;
      waiting = true;
    };
    const settle = () => {
      if (waiting) this.unanswered--;
      waiting = false;
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMessage: (message, pass) => {
            if (requestStream) begin();
            pass(message);
          },
          // A unary call is answered only after the client has half-closed, which it may never do.
          onReceiveHalfClose: (pass) => {
            if (!requestStream) begin();
            pass();
          },
          onCancel: settle,
        }),
    });
  };
}
