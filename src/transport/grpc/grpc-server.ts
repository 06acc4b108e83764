import type { Server as NetServer } from 'node:net';
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
import type { Config } from '../../config/config';
import { CallCount } from './call-count';
import { MeteredCall, type WireCall } from './metered-call';

/** With nothing left to answer, calls that nobody would end, such as a watch of the health, are given this long. */
const GRACE_MS = 1000;

const SWEEP_MS = 50;

/** Calls at once on one connection; clients hold more back. Each costs about 10 kB before its message comes. */
const MAX_CALLS_A_CONNECTION = 512;

/** A connection without calls is closed; clients open another one when they need it. */
const CONNECTION_IDLE_MS = 5 * 60_000;

/** An older connection takes no more calls, for load balancers to spread clients; those under way, streams too, go on. */
const CONNECTION_AGE_MS = 60 * 60_000;

type Method = MethodDefinition<Buffer, object>;

/** The package of a proto file that is served. */
export interface ServedPackage {
  readonly name: string;
  readonly protoPath: string;
  readonly service: string;
  /** Methods of `service` whose handlers are given the bytes of the request, to read them themselves. */
  readonly rawMethods: readonly string[];
}

/** The gRPC server: Nest's, with what Nest does not give away. */
export class GrpcServer extends ServerGrpc {
  /** `<host>:<port>` that it listens on; empty before. */
  address = '';
  /** Asked for every call, the first one nearest to the wire; to be filled before it listens. */
  readonly interceptors: ServerInterceptor[] = [];
  private readonly calls = new CallCount();
  private readonly extensions: ((server: Server, definition: PackageDefinition) => void)[] = [];
  private server: Server | undefined;
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
    // What it would tell on stderr comes back as an error.
    setLogVerbosity(logVerbosity.NONE);
  }

  /** Lets `add` add services of its own when the server is made; it is told what of Nexus' own there is. */
  extendWith(add: (server: Server, definition: PackageDefinition) => void): void {
    this.extensions.push(add);
  }

  /** What listens; nothing before {@link address} is known. */
  get listeners(): readonly NetServer[] {
    // grpc-js has no public name for them.
    const { http2Servers } = this.server as unknown as { http2Servers: Map<NetServer, unknown> };
    return [...http2Servers.keys()];
  }

  /** Makes the server and binds it; Nest then adds the services. */
  override async createClient(): Promise<Server> {
    const { host, grpcPort, bodyLimit } = this.config;
    this.server = new Server({
      'grpc.max_receive_message_length': bodyLimit,
      'grpc.max_send_message_length': -1,
      // A client that is gone without a word would keep its streams.
      'grpc.keepalive_time_ms': 60_000,
      'grpc.max_concurrent_streams': MAX_CALLS_A_CONNECTION,
      'grpc.max_connection_idle_ms': CONNECTION_IDLE_MS,
      'grpc.max_connection_age_ms': CONNECTION_AGE_MS,
      interceptors: [this.meter, ...this.interceptors, this.calls.interceptor],
    });
    const bind = promisify(this.server.bindAsync.bind(this.server));
    const shown = host.includes(':') ? `[${host}]` : host;
    const port = await bind(`${shown}:${grpcPort}`, ServerCredentials.createInsecure());
    this.address = `${shown}:${port}`;
    return this.server;
  }

  /** Passes on the call itself, so that the interceptor after it is the one nearest to the wire. */
  private readonly meter: ServerInterceptor = ({ requestStream }, call) => {
    const { memory, pace } = this;
    const limits = { limit: this.config.bodyLimit, memory, pace };
    new MeteredCall(call as WireCall, limits, requestStream).listen();
    return call as ServerInterceptingCall;
  };

  /** Takes no more connections and calls, and resolves when those under way have been answered. */
  override close(): Promise<void> {
    return (this.closing ??= this.drain());
  }

  private async drain(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      let answeredAt = performance.now();
      const sweep = setInterval(() => {
        if (this.calls.unanswered > 0) answeredAt = performance.now();
        else if (performance.now() - answeredAt > GRACE_MS) server.forceShutdown();
      }, SWEEP_MS);
      server.tryShutdown(() => {
        clearInterval(sweep);
        resolve();
      });
    });
  }

  private extend(definition: PackageDefinition): void {
    for (const add of this.extensions) add(this.server!, definition);
    const { name: packageName, service, rawMethods } = this.served;
    const methods = definition[`${packageName}.${service}`] as ServiceDefinition;
    for (const name of rawMethods) (methods[name] as Method).requestDeserialize = (bytes) => bytes;
  }
}
