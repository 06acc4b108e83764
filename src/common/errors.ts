import { accessErrors } from './access-errors';
import { NexusError } from './nexus-error';
import { targetErrors } from './target-errors';

/** The catalogue of all errors that the gateway returns, so that their wording and kind are defined once. */
export const errors = {
  ...accessErrors,
  ...targetErrors,
  invalidInput: (message: string, param?: string) =>
    new NexusError('invalid', 'invalid_input', message, param === undefined ? {} : { param }),
  /** For a picture that cannot be used, in a request that is well-formed. */
  invalidPicture: (message: string) => new NexusError('unprocessable', 'invalid_picture', message),
  emptyInput: (path: string) =>
    new NexusError('invalid', 'empty_input', `${path}: expected at least one text, got an empty array`, {
      param: path,
    }),
  bodyTooLarge: (limitBytes: number, setting = 'NEXUS_BODY_LIMIT') =>
    new NexusError(
      'too_large',
      'body_too_large',
      `the request body is larger than the limit of ${limitBytes} bytes; send fewer rows per request, or raise ${setting}`,
    ),
  memoryBusy: (limit: number) =>
    new NexusError(
      'overloaded',
      'memory_busy',
      `not enough memory for this request: all requests in flight share ${mebibytes(limit)}; retry after a second, send fewer rows per request, or raise NEXUS_MEMORY_IN_FLIGHT`,
      { retryAfterSeconds: 1 },
    ),
  tooManyStreams: (limit: number) =>
    new NexusError(
      'overloaded',
      'too_many_streams',
      `expected at most ${limit} open streams of the console; close one, or read GET /v1/console`,
      { retryAfterSeconds: 10 },
    ),
  tooSlow: (what: string) =>
    new NexusError(
      'too_slow',
      'too_slow',
      `${what} did not arrive in time; send it faster, or raise NEXUS_TRANSFER_TIMEOUT_MS`,
    ),
  unsupportedEncoding: (encoding: string) =>
    new NexusError(
      'unsupported_encoding',
      'unsupported_encoding',
      `Content-Encoding '${encoding}' is not supported; send gzip, deflate or identity`,
    ),
  unsupportedMediaType: (type: string) =>
    new NexusError(
      'unsupported_encoding',
      'unsupported_media_type',
      `Content-Type '${type}' is not supported; send the decoded and resized values of the inputs as application/json, or binary tensors as application/octet-stream with Inference-Header-Content-Length`,
    ),
  routeNotFound: (method: string, path: string) =>
    new NexusError('not_found', 'route_not_found', `no route for ${method} ${path}; /docs lists every route`),
  verbNotFound: (verb: string) =>
    new NexusError(
      'not_found',
      'verb_not_found',
      `:${verb} is not supported, because models only predict; use :predict${verb === 'explain' ? ', or add an explainer to the InferenceService' : ''}`,
    ),
  wrongMethod: (method: string, path: string, allowed: readonly string[]) => {
    const allow = allowed.join(', ');
    return new NexusError(
      'wrong_method',
      'wrong_method',
      `${path} does not support ${method}; use ${allow}`,
      {
        allow,
      },
    );
  },
  pathUnreadable: (path: string) =>
    new NexusError(
      'invalid',
      'path_unreadable',
      `cannot decode the path ${path}; percent-encode names as UTF-8, at most 256 characters each`,
    ),
  modelControlOff: (mode: 'none' | 'poll') =>
    new NexusError(
      'invalid',
      'model_control_off',
      `${mode === 'none' ? 'models are loaded only at start' : 'models follow the files in the repository'}; set NEXUS_MODEL_CONTROL_MODE=explicit to load and unload models by request`,
    ),
  // Without the names of other models, which the client may not be allowed to see.
  notInRepository: (name: string) =>
    new NexusError(
      'not_found',
      'not_in_repository',
      `the model repository has no model '${name}'; POST /v2/repository/index lists its models`,
    ),
  repositoryUnreadable: (reason: string) =>
    new NexusError(
      'unavailable',
      'repository_unreadable',
      `cannot read the model repository: ${reason}; loaded models continue to serve; remount the folder or correct its permissions`,
      { retryAfterSeconds: 1 },
    ),
  versionNotInRepository: (name: string, version: string, known: readonly string[]) =>
    new NexusError(
      'not_found',
      'version_not_in_repository',
      `model '${name}' has no version ${version} in the repository; it has ${known.join(', ') || 'none'}`,
    ),
  loadFailed: (name: string, reason: string) =>
    new NexusError('invalid', 'load_failed', `cannot load model '${name}': ${reason}`),
  modelNotFound: (name: string) =>
    new NexusError(
      'not_found',
      'model_not_found',
      `model '${name}' not found; GET /v2/models lists the models being served, POST /v2/repository/index all models`,
    ),
  noModelFor: (tasks: readonly string[]) =>
    new NexusError(
      'not_found',
      'model_not_found',
      `no model for ${tasks.join(' or ')} is ready; name a model in the body or in the header x-model; GET /v2/models lists the models being served`,
    ),
  exampleNotFound: (name: string) =>
    new NexusError(
      'not_found',
      'example_not_found',
      `model '${name}' has no example, because it is not loaded yet or takes more than four million elements; GET /v1/models/{model} describes its inputs`,
    ),
  versionNotFound: (name: string, version: string, known: readonly string[]) =>
    new NexusError(
      'not_found',
      'version_not_found',
      `model '${name}' version ${version} not found; it has version${known.length === 1 ? '' : 's'} ${known.join(', ')}`,
    ),
  aliasDangling: (name: string, alias: string, version: string) =>
    new NexusError(
      'not_found',
      'version_not_found',
      `alias '${alias}' of model '${name}' points to version ${version}, which is not loaded; load it, or point the alias to another version`,
    ),
  aliasNotFound: (name: string, alias: string, known: readonly string[]) =>
    new NexusError(
      'not_found',
      'alias_not_found',
      `model '${name}' has no alias '${alias}'; it has ${known.join(', ') || 'none'}`,
    ),
  aliasInUse: (name: string, alias: string) =>
    new NexusError(
      'invalid',
      'alias_in_use',
      `alias '${alias}' of model '${name}' is part of its traffic split; change the traffic first`,
    ),
  rolloutsOff: () =>
    new NexusError(
      'invalid',
      'rollouts_off',
      'aliases and traffic are read-only; set NEXUS_MODEL_CONTROL_MODE=explicit or poll to change them',
    ),
  nothingToRollBack: (name: string) =>
    new NexusError(
      'invalid',
      'nothing_to_roll_back',
      `nothing to roll back: the traffic of model '${name}' has not changed`,
    ),
  stateNotWritten: (path: string, reason: string) =>
    new NexusError(
      'unavailable',
      'state_not_written',
      `cannot write the state file ${path} (${reason}), so nothing was changed; set NEXUS_STATE_FILE to a writable file`,
      { retryAfterSeconds: 1 },
    ),
  usageUnavailable: () =>
    new NexusError(
      'unavailable',
      'usage_unavailable',
      'usage cannot be written or read at the moment, but continues to be counted; retry after a second, or look up the reason in the server log',
      { retryAfterSeconds: 1 },
    ),
  modelNotReady: (name: string, version: string, state: string, reason: string) =>
    new NexusError(
      'unavailable',
      'model_not_ready',
      `model '${name}' version ${version} is not ready: ${state}${reason === '' ? '' : `, ${reason}`}`,
      { retryAfterSeconds: 1 },
    ),
  memoryFull: (model: string, bytes: number, budget: number) =>
    new NexusError(
      'unavailable',
      'memory_full',
      `model '${model}' needs ${mebibytes(bytes)}, which the memory budget of ${mebibytes(budget)} does not have: the models in memory are in use, pinned or not loaded on demand; retry after a second, or raise NEXUS_MEMORY_BUDGET`,
      { retryAfterSeconds: 1 },
    ),
  queueFull: (model: string, limit: string) =>
    new NexusError(
      'overloaded',
      'queue_full',
      `the queue of model '${model}' is full (${limit}); retry after a second, send fewer rows, or raise its queue limits in model.yaml`,
      { retryAfterSeconds: 1 },
    ),
  deadlineUnmeetable: (model: string, waitMs: number, leftMs: number) =>
    new NexusError(
      'overloaded',
      'deadline_unmeetable',
      `model '${model}' is busy and would respond in about ${Math.ceil(waitMs)} ms, but the deadline is in ${Math.max(0, Math.floor(leftMs))} ms; retry after a second, or allow more time`,
      { retryAfterSeconds: 1 },
    ),
  deadlineExceeded: (where: string) =>
    new NexusError('deadline', 'deadline_exceeded', `the deadline of the request passed ${where}`),
  runTimeout: (model: string, timeoutMs: number) =>
    new NexusError(
      'deadline',
      'run_timeout',
      `a run of model '${model}' exceeded its limit of ${timeoutMs} ms and was terminated; send fewer rows per request, or raise timeout_ms in model.yaml`,
    ),
  cancelled: () =>
    new NexusError('cancelled', 'cancelled', 'the client disconnected before the response was ready'),
  runnerLost: (model: string) =>
    new NexusError(
      'unavailable',
      'runner_lost',
      `the process of model '${model}' ended twice while running this request and is being restarted; retry after a second`,
      { retryAfterSeconds: 1 },
    ),
  executionFailed: (model: string, reason: string) =>
    new NexusError('invalid', 'execution_failed', `model '${model}' cannot run this input: ${reason}`),
  stepFailed: (step: string, { kind, code, message, details }: NexusError) => {
    const { retryAfterSeconds } = details;
    return new NexusError(
      kind,
      code,
      `${step}: ${message}`,
      retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    );
  },
  sharedMemoryOff: () =>
    new NexusError(
      'unimplemented',
      'shared_memory_off',
      'system shared memory is off; set NEXUS_SYSTEM_SHARED_MEMORY=/dev/shm to turn it on, or send tensors as data or as binary data',
    ),
  regionNotFound: (name: string, isOn: boolean) =>
    new NexusError(
      'not_found',
      'region_not_found',
      `shared memory region '${name}' not found; ${isOn ? 'register it first' : 'set NEXUS_SYSTEM_SHARED_MEMORY=/dev/shm to turn shared memory on, or send the tensor as data'}`,
    ),
  regionExists: (name: string) =>
    new NexusError(
      'invalid',
      'region_exists',
      `shared memory region '${name}' is already registered; unregister it first`,
    ),
  tooManyRegions: (limit: number) =>
    new NexusError(
      'overloaded',
      'too_many_regions',
      `${limit} shared memory regions are registered, which is the limit; unregister some`,
    ),
  inputsTooLarge: (byteSize: number, limitBytes: number) =>
    new NexusError(
      'too_large',
      'inputs_too_large',
      `the inputs in shared memory have ${byteSize} bytes, but the limit is ${limitBytes}; send fewer rows per request, or raise NEXUS_BODY_LIMIT`,
    ),
  notReady: (reason: string) =>
    new NexusError('unavailable', 'not_ready', `the server is not ready: ${reason}`, {
      retryAfterSeconds: 1,
    }),
  unimplemented: (what: string, instead: string) =>
    new NexusError('unimplemented', 'unimplemented', `${what} is not supported; ${instead}`),
  loadLimit: (reason: string) => new NexusError('overloaded', 'load_limit', reason, { retryAfterSeconds: 1 }),
  noRoom: (reason: string) => new NexusError('unavailable', 'no_room', reason, { retryAfterSeconds: 1 }),
  changedInPart: (faults: readonly string[]) =>
    new NexusError(
      'unavailable',
      'changed_in_part',
      `changed in some gateway processes, but not in all: ${faults.join('; ')}; repeat the request, or restart the server`,
    ),
  processEnded: () =>
    new NexusError(
      'unavailable',
      'process_ended',
      'the gateway process that made the change has ended; check the state of what you changed, and repeat the request if necessary',
      { retryAfterSeconds: 1 },
    ),
  internal: () =>
    new NexusError('internal', 'internal', 'internal error; look up the request id in the server log'),
} as const;

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
