import { getCACertificates } from 'node:tls';
import {
  Client as GrpcClient,
  credentials,
  loadPackageDefinition,
  status,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Refused } from './client.ts';
import { TIMEOUT_MS } from './http.ts';

/** A message as proto-loader gives and takes it: field names of the proto, 64-bit integers as strings. */
export type Message = Readonly<Record<string, unknown>>;

/** How a stub's methods look; which there are, the proto tells. */
type Stub = GrpcClient &
  Record<
    string,
    (request: Message, options: object, done: (error: ServiceError | null, answer: Message) => void) => void
  >;

interface Duplex extends NodeJS.EventEmitter {
  write(message: Message): void;
  end(): void;
}

const PROTO = 'test/conformance/inference.proto';
const LOADING = { keepCase: true, longs: String, defaults: true, arrays: true, oneofs: true };

/** Codes for what a client did wrong; NOT_FOUND as well, for it named what is not there. */
const CLIENT_CODES = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'OUT_OF_RANGE',
  'FAILED_PRECONDITION',
  'ALREADY_EXISTS',
]);
const CLIENT_ERROR = 'INVALID_ARGUMENT, NOT_FOUND or alike';

/** Calls to one server, by the names of the methods in the proto. */
export class Grpc {
  private readonly stub: Stub;

  /** Nothing is sent before the first call. `address` is host:port, or grpcs://host:port for TLS. */
  constructor(address: string) {
    const { inference } = loadPackageDefinition(loadSync(PROTO, LOADING)) as unknown as {
      inference: { GRPCInferenceService: new (...args: unknown[]) => Stub };
    };
    const limits = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
    const [, secure, target] = /^(grpcs:\/\/)?(.*)$/.exec(address)!;
    const security = secure ? credentials.createSsl(authorities()) : credentials.createInsecure();
    this.stub = new inference.GRPCInferenceService(target!, security, limits);
  }

  /** Resolves when a connection stands, rejects when there is none within `timeoutMs`. */
  connect(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.stub.waitForReady(Date.now() + timeoutMs, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Calls a method that answers once. A status other than OK rejects with {@link Refused}. */
  call(method: string, request: Message): Promise<Message> {
    const deadline = Date.now() + TIMEOUT_MS;
    return new Promise((resolve, reject) => {
      this.stub[method]!(request, { deadline }, (error, answer) =>
        error ? reject(refusal(error)) : resolve(answer),
      );
    });
  }

  /** Sends requests over one stream, ends it and resolves with all that came back. */
  stream(method: string, requests: readonly Message[]): Promise<Message[]> {
    const open = this.stub[method] as unknown as (this: Stub, options: object) => Duplex;
    const duplex = open.call(this.stub, { deadline: Date.now() + TIMEOUT_MS });
    const answers: Message[] = [];
    const ended = new Promise<Message[]>((resolve, reject) => {
      duplex.on('data', (answer: Message) => answers.push(answer));
      duplex.on('error', (error: ServiceError) => reject(refusal(error)));
      duplex.on('end', () => resolve(answers));
    });
    for (const request of requests) duplex.write(request);
    duplex.end();
    return ended;
  }

  close(): void {
    this.stub.close();
  }
}

/** Whom Node trusts; by itself gRPC would pass over NODE_EXTRA_CA_CERTS. */
function authorities(): Buffer {
  return Buffer.from(getCACertificates('default').join('\n'));
}

function refusal({ code, details }: ServiceError): Refused {
  const name = status[code] ?? String(code);
  return new Refused(name, details || 'no message', CLIENT_CODES.has(name) && details !== '', CLIENT_ERROR);
}
