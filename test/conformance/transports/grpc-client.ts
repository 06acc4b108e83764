import { CONTENTS_FIELD } from '../../fixtures/datatypes.ts';
import { toBytes, toElements, type Element, type Tensor } from '../tensor.ts';
import type {
  Client,
  IndexEntry,
  InferAnswer,
  InferRequest,
  ModelMetadata,
  ServerMetadata,
} from './client.ts';
import type { Grpc, Message } from './grpc.ts';

/** The protocol over gRPC, inputs as raw bytes. */
export class GrpcProtocolClient implements Client {
  private readonly grpc: Grpc;

  constructor(grpc: Grpc) {
    this.grpc = grpc;
  }

  async live(): Promise<boolean> {
    return (await this.grpc.call('ServerLive', {})).live === true;
  }

  async ready(): Promise<boolean> {
    return (await this.grpc.call('ServerReady', {})).ready === true;
  }

  async modelReady(name: string, version = ''): Promise<boolean> {
    return (await this.grpc.call('ModelReady', { name, version })).ready === true;
  }

  async serverMetadata(): Promise<ServerMetadata> {
    return (await this.grpc.call('ServerMetadata', {})) as unknown as ServerMetadata;
  }

  async modelMetadata(name: string, version = ''): Promise<ModelMetadata> {
    const answer = (await this.grpc.call('ModelMetadata', { name, version })) as unknown as ModelMetadata;
    return { ...answer, inputs: answer.inputs.map(withNumbers), outputs: answer.outputs.map(withNumbers) };
  }

  async index(): Promise<readonly IndexEntry[]> {
    return (await this.grpc.call('RepositoryIndex', {})).models as IndexEntry[];
  }

  async infer(request: InferRequest): Promise<InferAnswer> {
    return readMessage(await this.grpc.call('ModelInfer', rawMessage(request)));
  }
}

/** An inference request with its inputs as raw bytes. */
export function rawMessage(request: InferRequest): Message {
  const { inputs } = request;
  return { ...messageOf(request, inputs.map(headOf)), raw_input_contents: inputs.map(({ bytes }) => bytes) };
}

/** An inference request with its inputs in the typed fields. */
export function typedMessage(request: InferRequest): Message {
  const inputs = request.inputs.map((input) => ({ ...headOf(input), contents: contentsOf(input) }));
  return messageOf(request, inputs);
}

/** Reads the answer to an inference request, its outputs raw or in the typed fields. */
export function readMessage(message: Message): InferAnswer {
  const { id, model_name, model_version, outputs, raw_output_contents } = message as unknown as WireAnswer;
  const tensors = outputs.map(({ name, datatype, shape, contents }, index) => {
    const field = CONTENTS_FIELD[datatype];
    const elements = (field && contents?.[field]) || [];
    return {
      name,
      datatype,
      shape: shape.map(Number),
      bytes: raw_output_contents[index] ?? toBytes(datatype, elements),
    };
  });
  return { id, model: model_name, version: model_version, outputs: tensors };
}

interface WireAnswer {
  readonly id: string;
  readonly model_name: string;
  readonly model_version: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly string[];
    readonly contents: Readonly<Record<string, Element[]>> | null;
  }[];
  readonly raw_output_contents: readonly Buffer[];
}

function messageOf(
  { model, version = '', id = '', outputs = [] }: InferRequest,
  inputs: readonly object[],
): Message {
  return {
    model_name: model,
    model_version: version,
    id,
    inputs,
    outputs: outputs.map((name) => ({ name })),
  };
}

function headOf({ name, datatype, shape }: Tensor): object {
  return { name, datatype, shape };
}

function contentsOf({ datatype, bytes }: Tensor): object {
  const elements = toElements(datatype, bytes);
  return {
    [CONTENTS_FIELD[datatype]!]: elements.map((element) =>
      typeof element === 'bigint' ? String(element) : element,
    ),
  };
}

function withNumbers<T extends { readonly shape: readonly unknown[] }>(metadata: T): T {
  return { ...metadata, shape: metadata.shape.map(Number) };
}
