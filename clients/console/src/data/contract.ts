// Written by scripts/console-types.mjs.

export interface components {
  schemas: {
    ConsoleSnapshot: {
      /**
       * @description Milliseconds since 1970.
       * @example 1767225600000
       */
      time: number;
      caller: components['schemas']['ConsoleCaller'];
      gateway: components['schemas']['ConsoleGateway'];
      models: components['schemas']['ConsoleModel'][];
      /**
       * @description Versions that are no longer served, as `<model>/<version>`. Empty in a complete snapshot.
       * @example []
       */
      removed: string[];
      /** @description The last failed requests, newest first, at most 100: all for callers with the scope `admin`, otherwise the caller's own. */
      errors: components['schemas']['ConsoleError'][];
      /** @description The clients with most requests in this hour, at most 20. Only for callers with the scope `admin`. */
      usage: components['schemas']['ConsoleUsage'][];
    };
    ModelDetails: {
      /** @example digits */
      id: string;
      /** @enum {string} */
      object: 'model';
      /**
       * @description Unix time in seconds at which the newest ready version was loaded. If no version is ready, the modification time of
       *     the model file, or 0 if there is no file.
       * @example 1767225600
       */
      created: number;
      /** @example nexus */
      owned_by: string;
      /**
       * @description The same as `id`. Clients of KServe's V1 protocol read this field.
       * @example digits
       */
      name: string;
      /** @description Whether at least one version is ready. */
      ready: boolean;
      /** @example Recognises a handwritten digit in an image of 8x8 pixels. */
      description?: string;
      /** @description Whether the server is ready only if this model is ready. */
      required: boolean;
      /**
       * @description The version that each alias points to.
       * @example {
       *       "stable": "1"
       *     }
       */
      aliases: {
        [key: string]: string;
      };
      /** @description How requests without a version are distributed. Absent if the newest ready version receives all of them. */
      traffic?: components['schemas']['ModelTraffic'];
      /** @description Absent if responses are not cached. */
      cache?: components['schemas']['CacheDetails'];
      /** @description The versions, oldest first. */
      versions: components['schemas']['VersionDetails'][];
    };
    ModelShadow: {
      /** @description The current shadow, or the last one since the server started; null if there was none. */
      shadow: components['schemas']['ShadowReport'] | null;
      /** @example digits */
      model: string;
    };
    CurrentTraffic: {
      /** @description How requests without a version are distributed; null if the newest ready version receives all of them. */
      traffic: components['schemas']['ModelTraffic'] | null;
      /** @example digits */
      model: string;
    };
    TrafficChanged: {
      /** @description The previous traffic; null if the newest ready version received all requests. */
      before: components['schemas']['ModelTraffic'] | null;
      /** @description The new traffic; null if the newest ready version receives all requests. */
      after: components['schemas']['ModelTraffic'] | null;
      /** @example digits */
      model: string;
    };
    ErrorAnswer: {
      error: components['schemas']['ErrorDetails'];
    };
    RepositoryIndexEntry: {
      /** @example digits */
      name: string;
      /** @example 1 */
      version: string;
      /**
       * @example READY
       * @enum {string}
       */
      state: 'UNAVAILABLE' | 'LOADING' | 'READY' | 'UNLOADING';
      /** @description Why the version is in this state. May be empty. */
      reason: string;
    };
    ConsoleCaller: {
      /**
       * @description Id of the client that its requests count against.
       * @example operator
       */
      id: string;
      /** @description Scopes of the client. Where no credentials are needed, all of them. */
      scopes: ('infer' | 'read' | 'admin')[];
    };
    ConsoleGateway: {
      /** @example 0.1.0 */
      version: string;
      /**
       * @description When this process started, in milliseconds since 1970.
       * @example 1767225600000
       */
      started: number;
      /**
       * @description `draining` after SIGTERM, while the last requests finish.
       * @enum {string}
       */
      state: 'not_ready' | 'ready' | 'starting' | 'draining';
      /**
       * @description Gateway processes that run.
       * @example 1
       */
      processes: number;
      /**
       * @description CPU time that the gateway processes use, in cores. Runners are not included.
       * @example 0.42
       */
      cpu_cores: number;
      /**
       * @description Resident memory of the gateway processes, in bytes. Runners are not included.
       * @example 183500800
       */
      memory_bytes: number;
      /**
       * @description Memory of requests in flight and of responses not sent yet, in bytes, and its limit.
       * @example 1048576
       */
      in_flight_bytes: number;
      /** @example 6442450944 */
      in_flight_limit_bytes: number;
      /**
       * @description 99th percentile of the delay of the event loop over the last seconds, in milliseconds; of the slowest process.
       * @example 2.1
       */
      event_loop_ms: number;
      /**
       * @description Open HTTP and gRPC connections.
       * @example 64
       */
      connections: number;
    };
    ConsoleModel: {
      /** @example digits */
      model: string;
      /** @example 1 */
      version: string;
      /** @enum {string} */
      state: 'UNAVAILABLE' | 'LOADING' | 'READY' | 'UNLOADING';
      /** @description Why it is in its state; empty if there is no reason. */
      reason: string;
      /**
       * @description `ensemble` is a pipeline. `remote` runs on other servers.
       * @enum {string}
       */
      platform: 'onnxruntime_onnx' | 'ensemble' | 'remote';
      /**
       * @description Absent before it has loaded, and for models that other servers run.
       * @enum {string}
       */
      device?: 'cpu' | 'cuda';
      /** @description Resident memory of its runners, in bytes. Absent if it has no runners. */
      memory_bytes?: number;
      /** @description Aliases of the version. */
      aliases: string[];
      /**
       * @description Share of the requests to the model that name no version, from 0 to 1.
       * @example 1
       */
      traffic: number;
      /**
       * @description Requests per second, failed ones included.
       * @example 812.5
       */
      requests_per_s: number;
      /** @example 0.2 */
      errors_per_s: number;
      /** @description Rows per second of successful requests, without hits of the response cache. */
      rows_per_s: number;
      /** @description Absent without requests in the last ten seconds. */
      latency?: components['schemas']['ConsoleLatency'];
      /** @description Requests in the queue. */
      queue_requests: number;
      /** @description Runs in flight. */
      running: number;
      /**
       * @description Mean rows per run. Absent without runs in the last ten seconds.
       * @example 12.4
       */
      batch_rows?: number;
      /**
       * @description Share of requests that the response cache answered, from 0 to 1. Absent without a cache, and without requests.
       * @example 0.35
       */
      cache_hits?: number;
      /** @description All requests since the start, failed ones included. */
      requests: number;
      /** @description Failed requests since the start, by kind of error. */
      errors: Record<string, never>;
      /** @description Restarts of its runners since the start. */
      restarts: number;
      /** @description The servers that run it. Only for callers with the scope `admin`. */
      targets: components['schemas']['ConsoleTarget'][];
    };
    ConsoleError: {
      /**
       * @description Identifies the error until it occurs again.
       * @example 4711-17
       */
      id: string;
      /**
       * @description Number of requests.
       * @example 3
       */
      count: number;
      /**
       * @description When the last of them failed, in milliseconds since 1970.
       * @example 1767225600000
       */
      time: number;
      /** @example 400 */
      status: string;
      /** @example invalid_input */
      code: string;
      /** @description What was expected, what came, and how to fix it. */
      message: string;
      /**
       * @description The model and version that the request names.
       * @example digits
       */
      model?: string;
      version?: string;
      /**
       * @description Client that sent the request.
       * @example billing
       */
      caller: string;
      /**
       * @description Path of the request, or its gRPC method.
       * @example /v2/models/digits/infer
       */
      path: string;
      request_id: string;
    };
    ConsoleUsage: {
      /** @example acme */
      tenant: string;
      /** @example billing */
      key: string;
      requests: number;
      failed_requests: number;
      rows: number;
      tokens: number;
    };
    ModelTraffic: {
      /**
       * @description Weight of each version or alias, in any unit. A version that is not ready receives no requests.
       * @example {
       *       "1": 100
       *     }
       */
      weights: {
        [key: string]: number;
      };
      /** @description Whether all requests of a client go to the same version. False by default. */
      sticky?: boolean;
      shadow?: components['schemas']['TrafficShadow'];
    };
    CacheDetails: {
      /**
       * @description How long a response is cached, in seconds.
       * @example 60
       */
      ttl_s: number;
      /**
       * @description Who receives a cached response: only the client that it was computed for, or all clients that send the same request.
       * @enum {string}
       */
      scope: 'caller' | 'all';
    };
    VersionDetails: {
      /** @example 1 */
      version: string;
      /**
       * @example READY
       * @enum {string}
       */
      state: 'UNAVAILABLE' | 'LOADING' | 'READY' | 'UNLOADING';
      /** @description Why the version is in this state. May be empty. */
      reason: string;
      /**
       * @description When the version is loaded: `on_demand` means at its first request. It is then READY whether or not it is in memory.
       * @enum {string}
       */
      load: 'start' | 'on_demand';
      /** @description Whether the version has runners at the moment. */
      in_memory: boolean;
      /**
       * @description `own` if the version has its own runner processes, `shared` if it shares processes with other models.
       * @enum {string}
       */
      isolation: 'own' | 'shared';
      /** @description Number of runners. */
      instances: number;
      /** @description Number of threads of each runner. */
      threads: number;
      /** @enum {string} */
      device?: 'cpu' | 'cuda';
      signature?: components['schemas']['VersionSignature'];
      /** @description Absent for models that take only tensors. */
      task?: components['schemas']['VersionTask'];
      /** @description Labels of the outputs that have labels. */
      labels?: components['schemas']['OutputLabels'][];
      batching?: components['schemas']['VersionBatching'];
      /**
       * @description How long loading took, in milliseconds.
       * @example 120
       */
      load_ms?: number;
      /**
       * @description When the version was loaded. Absent until then.
       * @example 2026-01-01T00:00:00.000Z
       */
      loaded_at?: string;
      /** @description Absent if there are no runners or if memory cannot be measured. */
      memory?: components['schemas']['RunnerMemory'];
      /**
       * @description Size of the ONNX file in bytes, including external data files.
       * @example 69897
       */
      file_bytes?: number;
      /** @description The steps of a pipeline, in the order of its configuration. */
      steps?: components['schemas']['PipelineStepDetails'][];
      onnx?: components['schemas']['OnnxDetails'];
      /** @description The servers that run the version, for clients with the scope admin. Absent if there are none. */
      targets?: components['schemas']['TargetDetails'][];
    };
    ShadowReport: {
      /**
       * @description The most recent error of the shadow; null if it has not failed.
       * @example null
       */
      last_failure: string | null;
      /** @example 2 */
      version: string;
      /** @description Whether the shadow still receives requests. */
      active: boolean;
      /** @description When the shadow received its first request. */
      since: string;
      requests: components['schemas']['ShadowRequests'];
      outputs: components['schemas']['ShadowOutput'][];
      mean_latency_ms: components['schemas']['ShadowLatency'];
    };
    ErrorDetails: {
      /** @description What was expected, what was received and how to fix it. */
      message: string;
      /**
       * @description The kind of the error, which determines the status.
       * @example invalid
       */
      type: string;
      /**
       * @description The part of the request that caused the error, if known.
       * @example inputs.image[3][7]
       */
      param: string | null;
      /**
       * @description A stable identifier of the error for programs.
       * @example invalid_input
       */
      code: string;
    };
    ConsoleLatency: {
      /** @example 1.8 */
      p50: number;
      /** @example 4.2 */
      p95: number;
      /** @example 9.7 */
      p99: number;
    };
    ConsoleTarget: {
      /** @example gpu-1:8000 */
      target: string;
      /** @enum {string} */
      state: 'unknown' | 'healthy' | 'ejected' | 'unreachable';
      /**
       * @description Why it is in its state; empty if there is no reason.
       * @example
       */
      reason: string;
      /**
       * @description Attempts in flight.
       * @example 3
       */
      in_flight: number;
    };
    TrafficShadow: {
      /**
       * @description Share of the requests without a version that the shadow also runs, from 0 (none) to 1 (all).
       * @example 0.1
       */
      share: number;
      /**
       * @description A version that receives none of the traffic, or its alias.
       * @example 2
       */
      version: string;
    };
    VersionSignature: {
      inputs: components['schemas']['SignatureTensor'][];
      /** @description Tensors that requests can contain in place of the inputs. Only for models of text or pictures. */
      tensor_inputs?: components['schemas']['SignatureTensor'][];
      outputs: components['schemas']['SignatureTensor'][];
      /** @description Outputs that are returned only if a request names them. Only for models of text or pictures. */
      extra_outputs?: components['schemas']['SignatureTensor'][];
    };
    VersionTask: {
      /** @enum {string} */
      name:
        | 'embedding'
        | 'sparse_embedding'
        | 'token_classification'
        | 'reranking'
        | 'pair_classification'
        | 'text_classification'
        | 'image_classification'
        | 'feature_extraction';
      /**
       * @description Maximum number of tokens of a text, special tokens included. Like all fields of text, it is absent for models of pictures.
       * @example 256
       */
      max_tokens?: number;
      /**
       * @description The side that loses tokens if a text is too long.
       * @enum {string}
       */
      truncation_side?: 'left' | 'right';
      /**
       * @description Texts that can be put before a text, by name.
       * @example {
       *       "query": "query: ",
       *       "passage": "passage: "
       *     }
       */
      prompts?: {
        [key: string]: string;
      };
      /** @description Name of the prompt for requests that name none. Absent if there is none. */
      default_prompt?: string;
      /** @description Whether requests may contain token ids in place of text. */
      token_ids?: boolean;
      /**
       * @description How the vectors of the tokens become one. Several are concatenated. Empty if the model pools, or returns a vector for
       *     each token. Absent for models that do not return embeddings.
       */
      pooling?: ('max' | 'mean' | 'cls' | 'last_token' | 'mean_sqrt_len' | 'weighted_mean')[];
      /** @description Whether embeddings are scaled to length 1. Absent for models that do not return embeddings. */
      normalize?: boolean;
      /**
       * @description Sizes that embeddings may be cut to. Absent if only the full size is possible.
       * @example [
       *       128,
       *       256
       *     ]
       */
      dimensions?: number[];
      /**
       * @description What turns logits into scores. Absent for models that are not classifiers.
       * @enum {string}
       */
      activation?: 'none' | 'softmax' | 'sigmoid';
      /** @description The classes. Absent if the folder does not name them. */
      labels?: components['schemas']['ClassLabels'];
      /** @description Absent for models of text. */
      picture?: components['schemas']['PicturePreparation'];
    };
    OutputLabels: {
      /** @example probabilities */
      output: string;
      /**
       * @description Number of labels.
       * @example 2
       */
      count: number;
      /**
       * @description Absent if there are more than 1000.
       * @example [
       *       "malignant",
       *       "benign"
       *     ]
       */
      names?: string[];
    };
    VersionBatching: {
      /** @description Whether requests can be batched. */
      enabled: boolean;
      /**
       * @description Why requests cannot be batched. Absent if they can.
       * @example max_batch_rows is 1
       */
      why_not?: string;
      /**
       * @description Why Nexus could not test batching when it loaded the model: every run on generated inputs failed.
       * @example indices element out of data bounds, idx=96 must be within the inclusive range [-10,9]
       */
      trial_failed?: string;
      /**
       * @description Maximum number of rows in one run, 1 if rows cannot be batched.
       * @example 64
       */
      max_batch_rows: number;
      /**
       * @description Maximum number of tokens in one run, padding included. Only for models of text.
       * @example 1024
       */
      max_batch_tokens?: number;
      /**
       * @description How long an idle runner waits for more requests before it runs a batch, in microseconds.
       * @example 0
       */
      max_queue_delay_us: number;
      /**
       * @description Maximum number of queued rows.
       * @example 8192
       */
      max_queue_rows: number;
      /**
       * @description Maximum number of queued bytes.
       * @example 268435456
       */
      max_queue_bytes: number;
      /**
       * @description Number of levels of the request parameter `priority`, 0 if it is ignored.
       * @example 0
       */
      priority_levels: number;
    };
    RunnerMemory: {
      /** @description Total of all runners, in bytes. */
      resident_bytes: number;
      /** @description Memory of each runner, in bytes. */
      resident_bytes_per_runner: number[];
    };
    PipelineStepDetails: {
      /** @example digits */
      model: string;
      /**
       * @description The version that runs the step. Absent until every step has had a version.
       * @example 1
       */
      version?: string;
    };
    OnnxDetails: {
      /** @example 8 */
      ir_version: number;
      /**
       * @description Version of each operator set by domain. `ai.onnx` is the domain of the standard ONNX operators.
       * @example {
       *       "ai.onnx": 17
       *     }
       */
      opset: {
        [key: string]: number;
      };
      /** @example pytorch */
      producer_name: string;
      /** @example 2.9.0 */
      producer_version: string;
      domain: string;
      /**
       * @description 64-bit integer as a string.
       * @example 0
       */
      model_version: string;
      doc_string: string;
      /** @example main_graph */
      graph_name: string;
      /**
       * @example {
       *       "author": "ACME"
       *     }
       */
      metadata_props: {
        [key: string]: string;
      };
      /**
       * @description Whether anything was left out. Texts are cut at 4 KiB, and at most 128 operator sets and 128 properties are listed.
       *     `GET /v1/models/{model}/versions/{version}/metadata_props` returns all properties.
       */
      truncated: boolean;
    };
    TargetDetails: {
      /**
       * @description Its host and port.
       * @example gpu-1:8000
       */
      target: string;
      /** @enum {string} */
      protocol: 'v2' | 'v2-grpc' | 'openai';
      /** @description Name of the model at the server. */
      model: string;
      /**
       * @description `ejected` and `unreachable` targets receive no requests. An `unknown` one has not been checked yet.
       * @enum {string}
       */
      state: 'unknown' | 'healthy' | 'ejected' | 'unreachable';
      /** @description Why it receives no requests; empty if it does. */
      reason: string;
      /** @description Number of requests in flight. */
      in_flight: number;
      weight: number;
      region?: string;
    };
    ShadowRequests: {
      /**
       * @description Number of requests whose outputs were compared.
       * @example 1000
       */
      compared: number;
      /**
       * @description Number of requests for which the shadow returned an error.
       * @example 0
       */
      failed: number;
      /**
       * @description Number of requests that the shadow did not run: the server was too busy, the shadow was not ready, or the run did
       *     not start within a second.
       * @example 12
       */
      dropped: number;
    };
    ShadowOutput: {
      /**
       * @description Share of the rows in which the same element is the largest; null if the output has no labels.
       * @example 0.998
       */
      label_agreement: number | null;
      /** @example probabilities */
      name: string;
      /**
       * @description Number of requests for which all elements are equal.
       * @example 990
       */
      equal: number;
      /**
       * @description Number of requests whose difference is not a number: the shapes or texts differ, or only one side is NaN.
       * @example 0
       */
      incomparable: number;
      /**
       * @description Largest absolute difference between two elements at the same position.
       * @example 0.0000012
       */
      max_abs_difference: number;
    };
    ShadowLatency: {
      /**
       * @description Latency of the versions that responded to clients.
       * @example 2.1
       */
      answering: number;
      /**
       * @description Latency of the shadow.
       * @example 2.4
       */
      shadow: number;
    };
    SignatureTensor: {
      /** @example image */
      name: string;
      /** @example FP32 */
      datatype: string;
      /**
       * @description Size of each dimension; -1 means any size.
       * @example [
       *       -1,
       *       8,
       *       8
       *     ]
       */
      shape: number[];
    };
    ClassLabels: {
      /**
       * @description Number of labels.
       * @example 2
       */
      count: number;
      /**
       * @description Absent if there are more than 1000.
       * @example [
       *       "negative",
       *       "positive"
       *     ]
       */
      names?: string[];
    };
    PicturePreparation: {
      /** @description Size that pictures are resized to. Absent if they keep their size. */
      size?: components['schemas']['PictureEdges'];
      /**
       * @description Method of resampling.
       * @enum {string}
       */
      resample: 'nearest' | 'bilinear' | 'bicubic' | 'lanczos' | 'box' | 'hamming';
      /** @description Size that is cut from the centre. Absent if pictures are not cropped. */
      crop?: components['schemas']['PictureEdges'];
      /**
       * @description Factor of every 8-bit value.
       * @example 0.00392156862745098
       */
      rescale: number;
      /**
       * @description Subtracted from each channel after rescaling.
       * @example [
       *       0.485,
       *       0.456,
       *       0.406
       *     ]
       */
      mean: number[];
      /**
       * @description Divides each channel afterwards.
       * @example [
       *       0.229,
       *       0.224,
       *       0.225
       *     ]
       */
      std: number[];
      /**
       * @description Order of the channels.
       * @enum {string}
       */
      channels: 'rgb' | 'bgr' | 'grey';
      /**
       * @description Whether the channels are the first or the last dimension.
       * @enum {string}
       */
      layout: 'chw' | 'hwc';
    };
    PictureEdges: {
      /** @example 224 */
      height?: number;
      /** @example 224 */
      width?: number;
      /** @example 256 */
      shortest_edge?: number;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
