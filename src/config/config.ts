import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, isAbsolute } from 'node:path';
import { ByteSize, Check, ListOf, OneOf, Text, WholeNumber } from './setting';

const MIB = 2 ** 20;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Every setting, with its default. The variable of a field is `NEXUS_` and the field's name in upper snake case:
 * `requestTimeoutMs` is `NEXUS_REQUEST_TIMEOUT_MS`. docs/configuration.md is the table for operators.
 */
export class Config {
  /** Address that HTTP and gRPC listen on. */
  @Text(/^[\w.:-]+$/, 'an IP address or a host name')
  host = '127.0.0.1';

  /** Port of HTTP; 0 takes a free one. */
  @WholeNumber(0, 65535)
  port = 8000;

  /** Port of gRPC; 0 takes a free one. */
  @WholeNumber(0, 65535)
  grpcPort = 8001;

  /** Folder of models, `<model>/<version>/model.onnx`; or one `.onnx` file, or a folder that holds one. */
  @Check((path) => existsSync(String(path)), 'an existing folder of models, or an .onnx file')
  modelRepository = './models';

  /** Which models are loaded: all at the start, those that are asked for, or what the repository has at any moment. */
  @OneOf(['none', 'explicit', 'poll'])
  modelControlMode: 'none' | 'explicit' | 'poll' = 'none';

  /** How often the repository is looked at when the control mode is poll, in seconds. */
  @WholeNumber(1, 86_400)
  repositoryPollSecs = 15;

  /** Models loaded at the start when the control mode is explicit; `*` is all of them. */
  @Check(
    (models, settings) =>
      (settings as Config).modelControlMode === 'explicit' || (models as string[]).length === 0,
    'NEXUS_MODEL_CONTROL_MODE=explicit beside it',
  )
  @ListOf((name) => !name.includes('/'), 'names of models separated by commas, or *')
  loadModels: readonly string[] = [];

  /** File that keeps aliases and traffic; `.nexus-state.json` in the model repository when empty. */
  @Check((path) => path === '' || existsSync(dirname(String(path))), 'a file in an existing folder')
  stateFile = '';

  /** Where models run that do not say it themselves; auto tries CUDA and falls back to the CPU. */
  @Text(/^(auto|cpu|cuda(:\d+)?)$/, 'auto, cpu, cuda, or one GPU such as cuda:1')
  device = 'auto';

  /** When models are loaded that do not say it themselves: at the start, or at their first request. */
  @OneOf(['start', 'on_demand'])
  load: 'start' | 'on_demand' = 'start';

  /** Whether models that do not say it themselves have processes of their own, or share them. */
  @OneOf(['own', 'shared'])
  isolation: 'own' | 'shared' = 'own';

  /** Most memory of all runners together, in bytes: models that are loaded on demand make room for each other. 0 is no limit. */
  @ByteSize(0, Number.MAX_SAFE_INTEGER)
  memoryBudget = 0;

  /** Most versions of models that are served at a time for requests to load more to be taken. */
  @WholeNumber(1, Number.MAX_SAFE_INTEGER)
  maxVersions = 1000;

  /** Most bytes of the files that clients have sent to load models with, on disk or on the way there. */
  @ByteSize(0, Number.MAX_SAFE_INTEGER)
  overrideSize = 4096 * MIB;

  /** Largest request body, in bytes, after decompression too. */
  @ByteSize(1024, 2048 * MIB)
  bodyLimit = 64 * MIB;

  /** Most memory of all requests under way: bodies, what is decoded from them, and unsent answers. 0 is a quarter of what there is. */
  @ByteSize(0, Number.MAX_SAFE_INTEGER)
  memoryInFlight = 0;

  /** How long a body or an answer may move fewer than 1024 bytes a second before it is cut off, in milliseconds. */
  @WholeNumber(100, MAX_TIMER_MS)
  transferTimeoutMs = 30_000;

  /** Most memory of the answers that are kept for models with a cache, in bytes. */
  @ByteSize(1024, Number.MAX_SAFE_INTEGER)
  cacheSize = 256 * MIB;

  /** Largest answer that is kept, in bytes of its tensors. */
  @ByteSize(0, 16 * MIB)
  cacheEntryLimit = 4 * MIB;

  /** Redis that keeps those answers instead, for all gateways that use it; none when empty. */
  @Check(
    (url) => url === '' || isRedisUrl(String(url)),
    'the URL of a Redis, such as redis://localhost:6379, or rediss:// for TLS',
  )
  redisUrl = '';

  /** Folder whose files clients may register as system shared memory; none when empty. */
  @Check(
    (path) => path === '' || isFolder(String(path)),
    'the absolute path of an existing folder, such as /dev/shm',
  )
  systemSharedMemory = '';

  /** Which inference answers are compressed for clients that accept it: none, those in JSON, or all. */
  @OneOf(['off', 'json', 'all'])
  responseCompression: 'off' | 'json' | 'all' = 'off';

  /** Most connections of clients, over HTTP and gRPC together; 0 is what the limit of open files has room for. */
  @WholeNumber(0, 10_000_000)
  maxConnections = 0;

  /** Deadline of a request that brings none, in milliseconds. */
  @WholeNumber(1, MAX_TIMER_MS)
  requestTimeoutMs = 60_000;

  /** How long the server goes on serving after SIGTERM, while load balancers notice that it is not ready. */
  @WholeNumber(0, MAX_TIMER_MS)
  drainDelayMs = 5000;

  /** When the server is ready: as soon as it serves and every required model is ready, or only when all models are. */
  @OneOf(['serving', 'strict'])
  readiness: 'serving' | 'strict' = 'serving';

  /** Requests of one caller in a window; 0 turns rate limiting off. */
  @WholeNumber(0, Number.MAX_SAFE_INTEGER)
  rateLimit = 600_000;

  /** Length of the window, in seconds. */
  @WholeNumber(1, 86_400)
  rateLimitWindowS = 60;

  /** Proxies whose `X-Forwarded-*` headers are believed. */
  @ListOf(isNetwork, 'IP addresses or CIDR ranges separated by commas, such as 10.0.0.0/8')
  trustProxy: readonly string[] = [];

  /** Whether `/metrics` also has the names of Triton (`nv_inference_*`). */
  @OneOf(['on', 'off'])
  tritonMetrics: 'on' | 'off' = 'on';

  /** Least severe log lines that are written; info has one line a request. */
  @OneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  logLevel = 'info';

  /** How log lines are written: JSON, text for people, or text on a terminal and JSON elsewhere. */
  @OneOf(['auto', 'text', 'json'])
  logFormat: 'auto' | 'text' | 'json' = 'auto';
}

function isFolder(path: string): boolean {
  // A file has nothing below it, not even itself.
  return isAbsolute(path) && existsSync(`${path}/.`);
}

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname } = new URL(text);
  return /^rediss?:$/.test(protocol) && /^(\/\d*)?$/.test(pathname);
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && bits > 0 && (prefix === undefined || isPrefix(prefix, bits));
}

function isPrefix(text: string, bits: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= bits;
}
