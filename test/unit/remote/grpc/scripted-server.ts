import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type Metadata,
  type sendUnaryData,
  type ServerErrorResponse,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { INFERENCE_PROTO } from '../../../../src/open-inference/inference-proto';
import { Attempt } from '../../../../src/remote/attempt';
import type { Target, TargetTimeouts } from '../../../../src/remote/target';
import type { TargetFailure } from '../../../../src/remote/target-failure';

/** A message with the field names of the proto. */
export type Message = Readonly<Record<string, unknown>>;

export type ScriptedCall = ServerUnaryCall<Message, Message>;

/** Answers a call: a message, an error, or the call itself, to answer it in another way or never. */
export type Script = (
  call: ScriptedCall,
  done: sendUnaryData<Message>,
) => Message | Partial<ServerErrorResponse> | void;

/** The methods that a server has; the others are unimplemented. */
export type Scripts = Readonly<
  Partial<Record<'ModelReady' | 'ServerReady' | 'ModelMetadata' | 'ModelInfer', Script>>
>;

const definition = loadSync(INFERENCE_PROTO, { keepCase: true, longs: Number, defaults: true });

/** The service of the protocol. */
export const SERVICE = definition['inference.GRPCInferenceService'] as ServiceDefinition;

/** A server of the Open Inference Protocol over gRPC whose methods do what a test says. */
export class ScriptedServer {
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(
    scripts: Scripts,
    credentials = ServerCredentials.createInsecure(),
    port = 0,
  ): Promise<ScriptedServer> {
    const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
    const methods = Object.entries(scripts).map(([name, script]) => [
      name,
      (call: ScriptedCall, done: sendUnaryData<Message>) => {
        const answer = script(call, done);
        if (answer === undefined) return;
        if ('code' in answer) done(answer);
        else done(null, answer);
      },
    ]);
    server.addService(SERVICE, Object.fromEntries(methods));
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, credentials, (error, found) =>
        error ? reject(error) : resolve(found),
      );
    });
    return new ScriptedServer(server, bound);
  }

  /** Closes all connections. */
  stop(): void {
    this.server.forceShutdown();
  }
}

/** A server of raw bytes. Returns its port and what stops it. */
export async function rawServer(
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; stop: () => void }> {
  const sockets = new Set<Socket>();
  const server: NetServer = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

/** A port that nothing listens on. */
export async function closedPort(): Promise<number> {
  const { port, stop } = await rawServer(() => undefined);
  stop();
  await new Promise<void>((resolve) => {
    const probe = connect(port, '127.0.0.1').on('error', () => resolve());
    probe.on('connect', () => probe.destroy());
  });
  return port;
}

/** The target at `port`. */
export function targetAt(port: number, settings: Partial<Target> = {}): Target {
  return {
    id: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    protocol: 'v2-grpc',
    model: 'm',
    version: undefined,
    weight: 1,
    region: undefined,
    headers: {},
    tls: undefined,
    maxInFlight: 64,
    ...settings,
  };
}

/** Limits that no test reaches, in milliseconds. */
export const LONG: TargetTimeouts = {
  connectMs: 60_000,
  firstByteMs: 60_000,
  idleMs: 60_000,
  totalMs: 60_000,
};

/** An attempt that may take longer than any test. */
export const attempt = () => new Attempt(performance.now() + 60_000);

/** What `work` fails with. */
export async function failureOfWork(work: Promise<unknown>): Promise<TargetFailure> {
  const failure = await work.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
    },
    (error: TargetFailure) => error,
  );
  expect(failure.name).toBe('TargetFailure');
  expect(failure.message).not.toMatch(/127\.0\.0\.1|\n/);
  return failure;
}

/** The first value of metadata. */
export const valueOf = (metadata: Metadata, name: string) => metadata.get(name)[0];
