import type { ErrorKind } from '../common/error-kind';
import type { Scope } from '../identity/scope';

/** Who reads the console, and what the console may offer. */
export class ConsoleCaller {
  /**
   * Id of the client that its requests count against.
   * @example operator
   */
  id: string;
  /** Scopes of the client. Where no credentials are needed, all of them. */
  scopes: Scope[];
}

/** The gateway: all of its processes together. */
export class ConsoleGateway {
  /** @example 0.1.0 */
  version: string;
  /**
   * When this process started, in milliseconds since 1970.
   * @example 1767225600000
   */
  started: number;
  /** `draining` after SIGTERM, while the last requests finish. */
  state: 'starting' | 'ready' | 'not_ready' | 'draining';
  /**
   * Gateway processes that run.
   * @example 1
   */
  processes: number;
  /**
   * CPU time that the gateway processes use, in cores. Runners are not included.
   * @example 0.42
   */
  cpu_cores: number;
  /**
   * Resident memory of the gateway processes, in bytes. Runners are not included.
   * @example 183500800
   */
  memory_bytes: number;
  /**
   * Memory of requests in flight and of responses not sent yet, in bytes, and its limit.
   * @example 1048576
   */
  in_flight_bytes: number;
  /** @example 6442450944 */
  in_flight_limit_bytes: number;
  /**
   * 99th percentile of the delay of the event loop over the last seconds, in milliseconds; of the slowest process.
   * @example 2.1
   */
  event_loop_ms: number;
  /**
   * Open HTTP and gRPC connections.
   * @example 64
   */
  connections: number;
}

/** Percentiles of the time from request to response, in milliseconds, estimated from a histogram. */
export class ConsoleLatency {
  /** @example 1.8 */
  p50: number;
  /** @example 4.2 */
  p95: number;
  /** @example 9.7 */
  p99: number;
}

/** A server that runs a model. */
export class ConsoleTarget {
  /** @example gpu-1:8000 */
  target: string;
  state: 'unknown' | 'healthy' | 'ejected' | 'unreachable';
  /**
   * Why it is in its state; empty if there is no reason.
   * @example ''
   */
  reason: string;
  /**
   * Attempts in flight.
   * @example 3
   */
  in_flight: number;
}

/** A version of a model. Rates and percentiles are those of the last ten seconds. */
export class ConsoleModel {
  /** @example digits */
  model: string;
  /** @example '1' */
  version: string;
  state: 'LOADING' | 'READY' | 'UNAVAILABLE' | 'UNLOADING';
  /** Why it is in its state; empty if there is no reason. */
  reason: string;
  /** `ensemble` is a pipeline. `remote` runs on other servers. */
  platform: 'onnxruntime_onnx' | 'ensemble' | 'remote';
  /** Absent before it has loaded, and for models that other servers run. */
  device?: 'cpu' | 'cuda';
  /** Resident memory of its runners, in bytes. Absent if it has no runners. */
  memory_bytes?: number;
  /** Aliases of the version. */
  aliases: string[];
  /**
   * Share of the requests to the model that name no version, from 0 to 1.
   * @example 1
   */
  traffic: number;
  /**
   * Requests per second, failed ones included.
   * @example 812.5
   */
  requests_per_s: number;
  /** @example 0.2 */
  errors_per_s: number;
  /** Rows per second of successful requests, without hits of the response cache. */
  rows_per_s: number;
  /** Absent without requests in the last ten seconds. */
  latency?: ConsoleLatency;
  /** Requests in the queue. */
  queue_requests: number;
  /** Runs in flight. */
  running: number;
  /**
   * Mean rows per run. Absent without runs in the last ten seconds.
   * @example 12.4
   */
  batch_rows?: number;
  /**
   * Share of requests that the response cache answered, from 0 to 1. Absent without a cache, and without requests.
   * @example 0.35
   */
  cache_hits?: number;
  /** All requests since the start, failed ones included. */
  requests: number;
  /** Failed requests since the start, by kind of error. */
  errors: Partial<Record<ErrorKind, number>>;
  /** Restarts of its runners since the start. */
  restarts: number;
  /** The servers that run it. Only for callers with the scope `admin`. */
  targets: ConsoleTarget[];
}

/**
 * Requests that failed in the same way: with the same status and code, for the same model and client. The fields after
 * `time` are those of the last one.
 */
export class ConsoleError {
  /**
   * Identifies the error until it occurs again.
   * @example '4711-17'
   */
  id: string;
  /**
   * Number of requests.
   * @example 3
   */
  count: number;
  /**
   * When the last of them failed, in milliseconds since 1970.
   * @example 1767225600000
   */
  time: number;
  /** @example 400 */
  status: string;
  /** @example invalid_input */
  code: string;
  /** What was expected, what came, and how to fix it. */
  message: string;
  /**
   * The model and version that the request names.
   * @example digits
   */
  model?: string;
  version?: string;
  /**
   * Client that sent the request.
   * @example billing
   */
  caller: string;
  /**
   * Path of the request, or its gRPC method.
   * @example /v2/models/digits/infer
   */
  path: string;
  request_id: string;
}

/** What one client has used in this hour. */
export class ConsoleUsage {
  /** @example acme */
  tenant: string;
  /** @example billing */
  key: string;
  requests: number;
  failed_requests: number;
  rows: number;
  tokens: number;
}

/**
 * The state of the gateway and of all models that the caller sees. In an event `changes`, `models` has only those that
 * differ from the last event, and `errors` only new ones.
 */
export class ConsoleSnapshot {
  /**
   * Milliseconds since 1970.
   * @example 1767225600000
   */
  time: number;
  caller: ConsoleCaller;
  gateway: ConsoleGateway;
  models: ConsoleModel[];
  /**
   * Versions that are no longer served, as `<model>/<version>`. Empty in a complete snapshot.
   * @example []
   */
  removed: string[];
  /** The last failed requests, newest first, at most 100: all for callers with the scope `admin`, otherwise the caller's own. */
  errors: ConsoleError[];
  /** The clients with most requests in this hour, at most 20. Only for callers with the scope `admin`. */
  usage: ConsoleUsage[];
}
