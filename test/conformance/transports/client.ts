import type { Tensor } from '../tensor.ts';

/** An inference request, whatever carries it. */
export interface InferRequest {
  readonly model: string;
  readonly version?: string;
  readonly id?: string;
  readonly inputs: readonly Tensor[];
  /** Names of the outputs wanted; all of them when left out. */
  readonly outputs?: readonly string[];
}

/** Its answer. Of an answer without id, `id` is empty. */
export interface InferAnswer {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly outputs: readonly Tensor[];
}

/** What a model takes or gives; -1 stands for any size. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** What a server tells of a model. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** What a server tells of itself. */
export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** An entry of the repository index. */
export interface IndexEntry {
  readonly name: string;
  readonly version?: string;
  readonly state?: string;
}

/** The protocol over one transport. A call that the server refuses rejects with {@link Refused}. */
export interface Client {
  live(): Promise<boolean>;
  ready(): Promise<boolean>;
  serverMetadata(): Promise<ServerMetadata>;
  modelReady(model: string, version?: string): Promise<boolean>;
  modelMetadata(model: string, version?: string): Promise<ModelMetadata>;
  index(): Promise<readonly IndexEntry[]>;
  infer(request: InferRequest): Promise<InferAnswer>;
}

/** The server's refusal, and whether it is in the form the protocol has for a mistake of the client. */
export class Refused extends Error {
  /** The HTTP status, or the gRPC code by name. */
  readonly status: number | string;
  readonly blamesClient: boolean;
  /** All that the server said. */
  readonly text: string;
  /** What a client error looks like on this transport. */
  readonly rule: string;

  constructor(status: number | string, message: string, blamesClient: boolean, rule: string) {
    super(`${status}: ${message.length > 160 ? `${message.slice(0, 160)}...` : message}`);
    this.status = status;
    this.text = message;
    this.blamesClient = blamesClient;
    this.rule = rule;
  }
}
