import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { ByteSize, Check, ListOf, OneOf, SecretCheck, SecretList, Share, Text, WholeNumber } from './setting';
import { isFolder, isNetwork, isOrigin, isPort, isRedisUrl } from './addresses';
import { isRepository, REPOSITORY_FORMS } from './model-repository';
import { isClaimMap, isIssuer, isSecureUrl, TOKEN_ALGORITHMS } from './oidc';

const MIB = 2 ** 20;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * All settings, with their defaults. The environment variable of a field is `NEXUS_` followed by its name in upper
 * snake case: `requestTimeoutMs` is `NEXUS_REQUEST_TIMEOUT_MS`. docs/configuration.md documents them for operators.
 */
export class Config {
  /** Address that HTTP and gRPC listen on. */
  @Text(/^[\w.:-]+$/, 'an IP address or a host name')
  host = '127.0.0.1';

  /** HTTP port. 0 selects a free port. */
  @WholeNumber(0, 65535)
  port = 8000;

  /** gRPC port. 0 selects a free port. */
  @WholeNumber(0, 65535)
  grpcPort = 8001;

  /** HTTP port for metrics and admin operations, which the other ports then do not serve. 0 selects a free port. None if empty. */
  @Check((port) => port === '' || isPort(String(port)), 'a whole number from 0 to 65535')
  adminPort = '';

  /** Address that `adminPort` listens on. If empty, `host`. */
  @Check(
    (host, settings) => host === '' || (settings as Config).adminPort !== '',
    'its port in NEXUS_ADMIN_PORT too',
  )
  @Text(/^[\w.:-]*$/, 'an IP address or a host name')
  adminHost = '';

  /** Whether the ports open at the `start`, so that health checks see the loading, or once the models are `loaded`. */
  @OneOf(['start', 'loaded'])
  listen: 'start' | 'loaded' = 'start';

  /** Number of gateway processes that serve the same ports. Each gets its share of the cores and memory limits. */
  @WholeNumber(1, 64)
  processes = 1;

  /** Folders of models, `<model>/<version>/model.onnx`, or `.onnx` files, or URLs: `s3://`, `gs://`, `hf://` or `https://`. */
  @Check((entries) => (entries as string[]).length > 0, REPOSITORY_FORMS)
  @ListOf(isRepository, REPOSITORY_FORMS)
  modelRepository: readonly string[] = ['./models'];

  /** Folder of the local copies of repositories at URLs. If empty, `nexus/models` in the cache folder of the user. */
  modelCache = '';

  /** Disk limit of these copies, of each repository, in bytes. 0 means no limit. */
  @ByteSize(0, Number.MAX_SAFE_INTEGER)
  modelCacheSize = 0;

  /** Maximum number of bytes that a repository is downloaded with in a second. 0 means no limit. */
  @ByteSize(0, Number.MAX_SAFE_INTEGER)
  downloadRate = 0;

  /** Name of the model if the repository contains one: its files, or one folder. If empty, the name of its file or folder. */
  @Text(
    /^$|^(?![._])[^/\\\p{Cc}]{1,255}$/u,
    'a name without slashes that does not begin with a dot or an underscore',
  )
  modelName = '';

  /** `none` loads every model at start, `explicit` loads on request, `poll` follows the files of the repository. */
  @OneOf(['none', 'explicit', 'poll'])
  modelControlMode: 'none' | 'explicit' | 'poll' = 'none';

  /** Poll interval in seconds. */
  @WholeNumber(1, 86_400)
  repositoryPollSecs = 15;

  /** Models to load at start in `explicit` mode. `*` means all. */
  @Check(
    (models, settings) =>
      (settings as Config).modelControlMode === 'explicit' || (models as string[]).length === 0,
    'no value unless NEXUS_MODEL_CONTROL_MODE=explicit',
  )
  @ListOf((name) => !name.includes('/'), 'names of models separated by commas, or *')
  loadModels: readonly string[] = [];

  /** File that stores aliases and traffic. If empty, `.nexus-state.json` in the model repository. */
  @Check((path) => path === '' || existsSync(dirname(String(path))), 'a file in an existing folder')
  stateFile = '';

  /**
   * SQLite file that stores the usage of each client. If empty, the last 48 hours are kept in memory; with a Redis, there.
   */
  @Check((path) => path === '' || existsSync(dirname(String(path))), 'a file in an existing folder')
  usageFile = '';

  /** Device of models that do not set it. `auto` tries CUDA and falls back to the CPU; `cuda` never falls back. */
  @Text(/^(auto|cpu|cuda(:\d+)?)$/, 'auto, cpu, cuda, or one GPU such as cuda:1')
  device = 'auto';

  /** When to load models that do not set `load`: at `start`, or `on_demand` at the first request. */
  @OneOf(['start', 'on_demand'])
  load: 'start' | 'on_demand' = 'start';

  /** Whether models that do not set `isolation` get their `own` processes or `shared` ones. */
  @OneOf(['own', 'shared'])
  isolation: 'own' | 'shared' = 'own';

  /**
   * Memory limit of all runners together, in bytes. Models that load on demand are evicted for it. 0 means no limit.
   */
  @ByteSize(0, Number.MAX_SAFE_INTEGER)
  memoryBudget = 0;

  /** Maximum number of model versions served in `explicit` mode. Requests to load more are rejected. */
  @WholeNumber(1, Number.MAX_SAFE_INTEGER)
  maxVersions = 1000;

  /** Maximum size of the files that clients have sent to load models with, on disk and in transit, in bytes. */
  @ByteSize(0, Number.MAX_SAFE_INTEGER)
  overrideSize = 4096 * MIB;

  /** Maximum size of a request body or gRPC message, after decompression, in bytes. */
  @ByteSize(1024, 2048 * MIB)
  bodyLimit = 64 * MIB;

  /** Memory limit of all requests in flight, in bytes. 0 means a quarter of the memory of the container or machine. */
  @ByteSize(0, Number.MAX_SAFE_INTEGER)
  memoryInFlight = 0;

  /** How long, in milliseconds, a body or response may move at less than 1024 bytes a second before it is cut off. */
  @WholeNumber(100, MAX_TIMER_MS)
  transferTimeoutMs = 30_000;

  /** Memory limit of the responses stored for models with a cache, in bytes. */
  @ByteSize(1024, Number.MAX_SAFE_INTEGER)
  cacheSize = 256 * MIB;

  /** Largest response to store, in bytes of its tensors. */
  @ByteSize(0, 16 * MIB)
  cacheEntryLimit = 4 * MIB;

  /** Memory limit of the responses stored for requests with an Idempotency-Key, in bytes. */
  @ByteSize(1024, Number.MAX_SAFE_INTEGER)
  idempotencySize = 64 * MIB;

  /** How long responses to requests with an Idempotency-Key are stored, in seconds. */
  @WholeNumber(1, 31_536_000)
  idempotencyTtlS = 86_400;

  /** Redis that stores these responses and usage, and aliases, traffic and keys, for all gateways that use it. None if empty. */
  @SecretCheck(
    (url) => url === '' || isRedisUrl(String(url)),
    'the URL of a Redis, such as redis://localhost:6379, or rediss://user:password@host:6379/2 for TLS, with special characters of the password percent-encoded',
  )
  redisUrl = '';

  /** Requests of one limit that a gateway takes from Redis at once, if its clients use them within a second. 0 takes none. */
  @WholeNumber(0, 10_000)
  limitLease = 50;

  /** While Redis is not available, each gateway enforces its share of the limits (`local`), or refuses (`closed`). */
  @OneOf(['local', 'closed'])
  limitFailure: 'local' | 'closed' = 'local';

  /** Folder whose files clients may register as system shared memory. None if empty. */
  @Check(
    (path) => path === '' || isFolder(String(path)),
    'the absolute path of an existing folder, such as /dev/shm',
  )
  systemSharedMemory = '';

  /** Region of this gateway. Servers of models in the same region are preferred; empty to ignore regions. */
  @Text(/^[\w.-]{0,64}$/, 'letters, digits, dots and hyphens')
  region = '';

  /** Which inference responses to compress for clients that accept it: none, JSON responses, or all. */
  @OneOf(['off', 'json', 'all'])
  responseCompression: 'off' | 'json' | 'all' = 'off';

  /** Maximum number of HTTP and gRPC connections together. 0 derives it from the limit of open files. */
  @WholeNumber(0, 10_000_000)
  maxConnections = 0;

  /** After how many seconds a gRPC connection accepts no more calls, so that its client connects, and is balanced, again. */
  @WholeNumber(1, 86_400)
  grpcMaxConnectionAgeS = 3600;

  /** Deadline of requests that set none, in milliseconds. */
  @WholeNumber(1, MAX_TIMER_MS)
  requestTimeoutMs = 60_000;

  /** How long, in milliseconds, the server continues to serve after SIGTERM while it reports that it is not ready. */
  @WholeNumber(0, MAX_TIMER_MS)
  drainDelayMs = 5000;

  /** The server is ready once a model and all required models are (`serving`), or once every model is (`strict`). */
  @OneOf(['serving', 'strict'])
  readiness: 'serving' | 'strict' = 'serving';

  /** Requests per client and window. 0 turns rate limiting off. */
  @WholeNumber(0, Number.MAX_SAFE_INTEGER)
  rateLimit = 600_000;

  /** Length of the window in seconds. */
  @WholeNumber(1, 86_400)
  rateLimitWindowS = 60;

  /** Addresses or CIDR ranges of proxies whose `X-Forwarded-*` headers are trusted. */
  @ListOf(isNetwork, 'IP addresses or CIDR ranges separated by commas, such as 10.0.0.0/8')
  trustProxy: readonly string[] = [];

  /** PEM file with the certificate of the server, followed by its chain. TLS is off if empty. Reloaded when it changes. */
  @Check(
    (path, settings) => path === '' || (settings as Config).tlsKey !== '',
    'its private key in NEXUS_TLS_KEY too',
  )
  tlsCert = '';

  /** PEM file with the private key of `tlsCert`. Reloaded when it changes. */
  @Check(
    (path, settings) => path === '' || (settings as Config).tlsCert !== '',
    'its certificate in NEXUS_TLS_CERT too',
  )
  tlsKey = '';

  /** PEM file with the authorities that sign client certificates. If set, clients must have one; health checks excepted. */
  @Check(
    (path, settings) => path === '' || (settings as Config).tlsCert !== '',
    'TLS; set NEXUS_TLS_CERT and NEXUS_TLS_KEY too',
  )
  tlsClientCa = '';

  /** Origins whose pages may call the gateway from a browser, or `*` for all. CORS is off if empty. */
  @Check(
    (origins) => !(origins as string[]).includes('*') || (origins as string[]).length === 1,
    '* alone, or a list of origins',
  )
  @ListOf(
    (text) => text === '*' || isOrigin(text),
    'origins separated by commas, such as https://app.example:8443 (lower case, no path, no default port), or *',
  )
  corsOrigins: readonly string[] = [];

  /** API keys with every permission. No message, log line or response contains them. */
  @SecretList(
    /^[!-~]{16,}$/,
    'keys of at least 16 printable ASCII characters without spaces, separated by commas',
  )
  apiKey: readonly string[] = [];

  /** YAML file of API keys. None if empty. */
  keysFile = '';

  /** `off` lets everyone who reaches the server do everything, also on addresses that other machines can reach. */
  @OneOf(['on', 'off'])
  auth: 'on' | 'off' = 'on';

  /** Parts of the API that are open to everyone even where requests need credentials. */
  @ListOf((area) => area === 'metrics' || area === 'docs', 'metrics, docs or both, separated by commas')
  public: readonly ('metrics' | 'docs')[] = [];

  /** Issuer of the tokens (JWT) that authenticate clients, by its exact URL. None if empty. */
  @Check(
    (url) => url === '' || isIssuer(String(url)),
    'the https URL of an OpenID Connect issuer, such as https://id.example.com/realms/main; http only on loopback',
  )
  oidcIssuer = '';

  /** Audiences of this gateway. A token must name at least one of them. Required with an issuer. */
  @Check(
    (audiences, settings) =>
      ((settings as Config).oidcIssuer === '') === ((audiences as string[]).length === 0),
    'the audiences of this gateway separated by commas if NEXUS_OIDC_ISSUER is set, and no value otherwise',
  )
  @ListOf(() => true, 'audiences separated by commas')
  oidcAudience: readonly string[] = [];

  /** URL of the issuer's public keys (JWK set). If empty, the issuer's discovery document names it. */
  @Check(
    (url, settings) => url === '' || ((settings as Config).oidcIssuer !== '' && isSecureUrl(String(url))),
    'the https URL of the keys of NEXUS_OIDC_ISSUER, which must be set; http only on loopback',
  )
  oidcJwksUri = '';

  /** Algorithms of signatures that tokens may have. */
  @Check((algorithms) => (algorithms as string[]).length > 0, 'at least one algorithm')
  @ListOf(
    (name) => (TOKEN_ALGORITHMS as readonly string[]).includes(name),
    `one or several of ${TOKEN_ALGORITHMS.join(', ')}, separated by commas`,
  )
  oidcAlgorithms: readonly string[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];

  /** Difference, in seconds, that the clocks of the issuer and of this machine may have. */
  @WholeNumber(0, 600)
  oidcClockSkewS = 60;

  /** Claims that determine the client: `key`, `tenant`, `scopes` and `models`, each as `<property>=<claim>`. */
  @Check(
    (entries) => isClaimMap(entries as string[]),
    'key=<claim> and optionally tenant=<claim>, scopes=<claim> and models=<claim>, separated by commas',
  )
  @ListOf(() => true, 'entries separated by commas')
  oidcClaims: readonly string[] = ['key=sub', 'tenant=tenant', 'scopes=scope'];

  /** Whether `/metrics` also exports Triton's metrics (`nv_inference_*`, `nv_gpu_*`). */
  @OneOf(['on', 'off'])
  tritonMetrics: 'on' | 'off' = 'on';

  /** Minimum log level. `info` writes one line per request. */
  @OneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  logLevel = 'info';

  /** Format of log lines: JSON, text for people, or (`auto`) text on a terminal and JSON elsewhere. */
  @OneOf(['auto', 'text', 'json'])
  logFormat: 'auto' | 'text' | 'json' = 'auto';

  /** Share of the lines of successful requests that is written. Lines of failures and the audit log are always written. */
  @Share()
  logSample = 1;
}
