import type { ListenOptions, Server as NetServer, Socket } from 'node:net';
import { promisify } from 'node:util';
import {
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
  type ServerInterceptingCall,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { MethodDefinition, PackageDefinition, ServiceDefinition } from '@grpc/proto-loader';
import { ServerGrpc } from '@nestjs/microservices';
import type { MemoryInFlight } from '../../common/memory-in-flight';
import type { Pace } from '../../common/pace';
import { ADMIN, DESCRIBE, isForOperators, OPEN, type Access } from '../../identity/access';
import type { Config } from '../../config/config';
import { openSocketsOf } from '../open-sockets';
import { CallCount } from './call-count';
import { GrpcSessions } from './grpc-sessions';
import { MeteredCall, type WireCall } from './metered-call';

/** When no responses are pending, how long calls that do not end, such as health watches, stay open. */
const GRACE_MS = 1000;

/** How long to wait for requests that are still arriving, and for clients that still read responses. */
const PATIENCE_MS = 10_000;

const SWEEP_MS = 50;

/** Maximum concurrent calls per connection; clients queue further calls. Each costs about 10 kB before its message arrives. */
const MAX_CALLS_PER_CONNECTION = 512;

/** A connection without calls is closed after this time; clients reconnect when they need to. */
const CONNECTION_IDLE_MS = 5 * 60_000;

type Method = MethodDefinition<Buffer, object>;

/** The package to serve, from a proto file. */
export interface ServedPackage {
  readonly name: string;
  readonly protoPath: string;
  readonly service: string;
  /** Methods of `service` whose handlers receive the raw bytes of the request. */
  readonly rawMethods: readonly string[];
  /** What each method of `service` requires of its caller. */
  readonly access: Readonly<Record<string, Access>>;
}

/** Nest's gRPC server, with access to parts that Nest does not expose. */
export class GrpcServer extends ServerGrpc {
  /** `<host>:<port>` that it listens on; empty before it listens. */
  address = '';
  /** Run for every call, the first one closest to the network. Add interceptors before the server listens. */
  readonly interceptors: ServerInterceptor[] = [];
  /** How clients connect. Set it before the server listens. */
  credentials = ServerCredentials.createInsecure();
  /** What it listens on other than its host and port, such as a descriptor. Set it before the server listens. */
  listenOptions: { readonly reusePort: boolean } | { readonly fd: number } = { reusePort: false };
  private readonly calls = new CallCount();
  private readonly extensions: ((server: Server, definition: PackageDefinition) => void)[] = [];
  private server: Server | undefined;
  private sockets: readonly ReadonlySet<Socket>[] = [];
  private sessions: GrpcSessions | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly served: ServedPackage,
    private readonly config: Config,
    private readonly memory: MemoryInFlight,
    private readonly pace: Pace,
  ) {
    super({
      package: served.name,
      protoPath: served.protoPath,
      loader: { keepCase: true, oneofs: true },
      onLoadPackageDefinition: (definition: PackageDefinition) => this.extend(definition),
    });
    // What grpc-js would print to stderr is also returned as an error.
    setLogVerbosity(logVerbosity.NONE);
  }

  /** Calls `add` with the server and the definition of the served package when the server is created, to add services. */
  extendWith(add: (server: Server, definition: PackageDefinition) => void): void {
    this.extensions.push(add);
  }

  /** What the method with this path requires of its caller. */
  readonly accessOf = (path: string): Access => {
    const { name, service, access } = this.served;
    const prefix = `/${name}.${service}/`;
    if (path.startsWith(prefix)) return access[path.slice(prefix.length)] ?? ADMIN;
    // The health service, and server reflection.
    return path.startsWith('/grpc.health.') ? OPEN : DESCRIBE;
  };

  /** The listening servers. Available when {@link address} is set. */
  get listeners(): readonly NetServer[] {
    // grpc-js does not expose them.
    const { http2Servers } = this.server as unknown as { http2Servers: Map<NetServer, unknown> };
    return [...http2Servers.keys()];
  }

  /** Creates and binds the server. Nest then adds the services. */
  override async createClient(): Promise<Server> {
    const { host, grpcPort, bodyLimit, grpcMaxConnectionAgeS } = this.config;
    this.server = new Server({
      'grpc.max_receive_message_length': bodyLimit,
      'grpc.max_send_message_length': -1,
      // Otherwise the streams of a client that disappears silently would stay open.
      'grpc.keepalive_time_ms': 60_000,
      'grpc.max_concurrent_streams': MAX_CALLS_PER_CONNECTION,
      'grpc.max_connection_idle_ms': CONNECTION_IDLE_MS,
      'grpc.max_connection_age_ms': grpcMaxConnectionAgeS * 1000,
      interceptors: [this.meter, ...this.interceptors, this.calls.interceptor],
    });
    listenWith(this.server, this.listenOptions);
    const bind = promisify(this.server.bindAsync.bind(this.server));
    const shown = host.includes(':') ? `[${host}]` : host;
    // grpc-js listens once for each address of a host, but a descriptor has one.
    const address = 'fd' in this.listenOptions ? '127.0.0.1:0' : `${shown}:${grpcPort}`;
    const port = await bind(address, this.credentials);
    this.address = `${shown}:${port}`;
    this.sockets = this.listeners.map(openSocketsOf);
    this.sessions = new GrpcSessions(this.listeners);
    return this.server;
  }

  /** Returns the call itself, so that the next interceptor is the one closest to the network. */
  private readonly meter: ServerInterceptor = ({ requestStream }, call) => {
    const { memory, pace } = this;
    const limits = { limit: this.config.bodyLimit, memory, pace };
    new MeteredCall(call as WireCall, limits, requestStream).listen();
    return call as ServerInterceptingCall;
  };

  /** Stops accepting connections and calls, and resolves when the calls in flight have ended. */
  override close(): Promise<void> {
    return (this.closing ??= this.drain());
  }

  private async drain(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    await this.sessions?.close();
    await new Promise<void>((resolve) => {
      const beganAt = performance.now();
      let busyAt = beganAt;
      let moved = 0;
      const sweep = setInterval(() => {
        const now = performance.now();
        const isMoving = moved !== (moved = this.movedBytes);
        if (this.calls.unanswered > 0 || (isMoving && now - beganAt < PATIENCE_MS)) busyAt = now;
        else if (now - busyAt > GRACE_MS) {
          server.forceShutdown();
          for (const open of this.sockets) open.forEach((socket) => socket.destroy());
        }
      }, SWEEP_MS);
      server.tryShutdown(() => {
        clearInterval(sweep);
        resolve();
      });
    });
  }

  /** Total bytes read and written on the open connections. */
  private get movedBytes(): number {
    const open = this.sockets.flatMap((sockets) => [...sockets]);
    return open.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  }

  private extend(definition: PackageDefinition): void {
    for (const add of this.extensions) add(this.server!, definition);
    const { name: packageName, service, rawMethods, access } = this.served;
    const methods = definition[`${packageName}.${service}`] as ServiceDefinition;
    if (this.config.adminPort !== '')
      for (const name in access) if (isForOperators(access[name]!)) delete methods[name];
    for (const name of rawMethods) (methods[name] as Method).requestDeserialize = (bytes) => bytes;
  }
}

/** Makes `server` listen with `options`. grpc-js does not expose its HTTP/2 servers before they listen, and has no option for it. */
function listenWith(server: Server, options: object): void {
  const open = server as unknown as { createHttp2Server(credentials: ServerCredentials): NetServer };
  const create = open.createHttp2Server.bind(server);
  open.createHttp2Server = (credentials) => {
    const created = create(credentials);
    const listen = created.listen.bind(created);
    created.listen = ((address: ListenOptions, listening: () => void) =>
      listen({ ...address, ...options }, listening)) as NetServer['listen'];
    return created;
  };
}
