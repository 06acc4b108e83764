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
import type { Target } from '../../../../src/remote/target';
import { targetAt } from '../loopback';

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

/** The target at `port`. */
export function grpcTarget(port: number, changes: Partial<Target> = {}): Target {
  const settings = { protocol: 'v2-grpc', model: 'm', ...changes } as const;
  return targetAt(`http://127.0.0.1:${port}`, settings);
}

/** The first value of metadata. */
export const valueOf = (metadata: Metadata, name: string) => metadata.get(name)[0];
