import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/** Counts the calls of the inference service whose clients wait for an answer. */
export class CallCount {
  /** Calls of which a message has come, and whose status has not been sent. */
  unanswered = 0;

  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    // Others, such as a watch of the health, may go on for ever.
    if (!path.startsWith('/inference.')) return new ServerInterceptingCall(call);
    let waiting = false;
    const settle = () => {
      if (waiting) this.unanswered--;
      waiting = false;
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMessage: (message, pass) => {
            if (!waiting) this.unanswered++;
            waiting = true;
            pass(message);
          },
          onCancel: settle,
        }),
    });
  };
}
