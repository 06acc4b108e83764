import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/** Counts the calls of the inference service whose clients wait for an answer. */
export class CallCount {
  /** Calls that have a message to be answered, and whose status has not been sent. */
  unanswered = 0;

  readonly interceptor: ServerInterceptor = ({ path, requestStream }, call) => {
    // Others, such as a watch of the health, may go on for ever.
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
          // A call of one message is answered once its client has ended its side, which a client may never do.
          onReceiveHalfClose: (pass) => {
            if (!requestStream) begin();
            pass();
          },
          onCancel: settle,
        }),
    });
  };
}
