import { once } from 'node:events';
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  type CallOptions,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientUnaryCall,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true } as const;

/** How the client reads the service: as the gateway publishes it. */
export const inferenceDefinition = loadSync('src/open-inference/inference.proto', OPTIONS);

/** What came back of a call. `trailers` are there whether it failed or not. */
export interface GrpcAnswer {
  readonly response: any;
  readonly headers: Metadata;
  readonly trailers: Metadata;
  readonly error: ServiceError | undefined;
}

/** The metadata with these keys. */
export function metadataOf(keys: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(keys)) metadata.set(key, value);
  return metadata;
}

/** A client of one service. */
export class GrpcClient {
  private readonly client: InstanceType<ServiceClientConstructor>;

  /** @param service full name, such as `inference.GRPCInferenceService`. */
  constructor(
    address: string,
    service = 'inference.GRPCInferenceService',
    definition: PackageDefinition = inferenceDefinition,
    secure: ChannelCredentials = credentials.createInsecure(),
  ) {
    const path = service.split('.');
    let found: unknown = loadPackageDefinition(definition);
    for (const name of path) found = (found as Record<string, unknown>)[name];
    this.client = new (found as ServiceClientConstructor)(address, secure, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      // A connection of its own for each client.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** Calls a method with one request and one answer; a failed call resolves with its error. `begun` is told the call. */
  call(
    method: string,
    message: object = {},
    keys: Readonly<Record<string, string>> = {},
    options: CallOptions = {},
    begun: (call: ClientUnaryCall) => void = () => {},
  ): Promise<GrpcAnswer> {
    return new Promise((resolve) => {
      let headers = new Metadata();
      let trailers = new Metadata();
      let answered: Pick<GrpcAnswer, 'response' | 'error'>;
      const done = (error: ServiceError | null, response: unknown) => {
        answered = { response, error: error ?? undefined };
      };
      const call = this.method(method)(message, metadataOf(keys), options, done) as ClientUnaryCall;
      call.on('metadata', (metadata: Metadata) => (headers = metadata));
      call.on('status', ({ metadata }) => {
        trailers = metadata;
        setImmediate(() => resolve({ ...answered, headers, trailers }));
      });
      begun(call);
    });
  }

  /** Opens a stream. */
  stream(method: string, keys: Readonly<Record<string, string>> = {}): GrpcStream {
    return new GrpcStream(this.method(method)(metadataOf(keys)) as ClientDuplexStream<object, any>);
  }

  /** Opens a stream of answers to one request. */
  watch(method: string, message: object, keys: Readonly<Record<string, string>> = {}): GrpcStream {
    return new GrpcStream(this.method(method)(message, metadataOf(keys)) as ClientDuplexStream<object, any>);
  }

  close(): void {
    this.client.close();
  }

  private method(name: string): (...args: unknown[]) => unknown {
    return (this.client[name] as (...args: unknown[]) => unknown).bind(this.client);
  }
}

/** A stream, with what has come on it. */
export class GrpcStream {
  readonly answers: any[] = [];
  /** Resolves with the status that the stream ends with. */
  readonly ended: Promise<{ code: number; details: string }>;

  constructor(readonly call: ClientDuplexStream<object, any>) {
    call.on('data', (answer: unknown) => this.answers.push(answer));
    call.on('error', () => {});
    // Not once(), which an error event would reject before.
    this.ended = new Promise((resolve) => call.on('status', resolve));
  }

  send(...messages: object[]): this {
    for (const message of messages) this.call.write(message);
    return this;
  }

  /** Resolves with all answers when there are `count` of them. */
  async received(count: number): Promise<any[]> {
    while (this.answers.length < count) await once(this.call, 'data');
    return this.answers;
  }
}
