/** How a connection to a target is secured, beyond the defaults of `https`. Certificates are PEM. */
export interface TargetTls {
  /** Certificates that sign the target's, in place of those of the system. */
  readonly ca?: string;
  /** Certificate and key that the gateway presents. */
  readonly certificate?: string;
  readonly key?: string;
  /** Name that the certificate of the target must have, in place of the host of the URL. */
  readonly serverName?: string;
}

/** A server that runs a model for the gateway. Secrets are resolved. */
export interface Target {
  /** Names it in metrics, logs and answers: host and port, which are unique in a model, without credentials. */
  readonly id: string;
  /** Its address without a trailing slash, such as `http://gpu-1:8000`, or `https://host/v1` for the OpenAI API. */
  readonly url: string;
  /** The Open Inference Protocol V2 over HTTP or gRPC, or the OpenAI API. */
  readonly protocol: 'v2' | 'v2-grpc' | 'openai';
  /** Name of the model at the target. */
  readonly model: string;
  /** Version of the model at the target; undefined to let the target choose. */
  readonly version: string | undefined;
  /** Share of the requests, in relation to the weights of the other targets. */
  readonly weight: number;
  readonly region: string | undefined;
  /** Sent with each request, in lower case: the API key as `authorization`, and the configured headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TargetTls | undefined;
  /** Maximum requests in flight. */
  readonly maxInFlight: number;
}

/** Time limits of the requests to a target, in milliseconds. */
export interface TargetTimeouts {
  /** To connect, TLS included. */
  readonly connectMs: number;
  /** From the end of the request to the first byte of the response. */
  readonly firstByteMs: number;
  /** Between two bytes of the response. */
  readonly idleMs: number;
  /** From the start of an attempt to the end of its response. */
  readonly totalMs: number;
}
