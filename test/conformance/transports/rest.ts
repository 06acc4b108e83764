import type { Tensor } from '../tensor.ts';
import type {
  Client,
  IndexEntry,
  InferAnswer,
  InferRequest,
  ModelMetadata,
  ServerMetadata,
} from './client.ts';
import { Rest, type HttpAnswer, type HttpMessage } from './http.ts';
import { bareTokens, fromJsonData, toJsonData } from './json-data.ts';
import { parseAnswer } from './json.ts';

const HEADER_LENGTH = 'inference-header-content-length';

/** The protocol over REST, tensors as JSON or, with the binary tensor data extension, as bytes. */
export class RestClient implements Client {
  private readonly rest: Rest;
  private readonly binary: boolean;

  constructor(rest: Rest, form: 'json' | 'binary') {
    this.rest = rest;
    this.binary = form === 'binary';
  }

  live(): Promise<boolean> {
    return this.isReady('/v2/health/live');
  }

  ready(): Promise<boolean> {
    return this.isReady('/v2/health/ready');
  }

  modelReady(model: string, version?: string): Promise<boolean> {
    return this.isReady(`${pathOf(model, version)}/ready`);
  }

  serverMetadata(): Promise<ServerMetadata> {
    return this.json('/v2');
  }

  modelMetadata(model: string, version?: string): Promise<ModelMetadata> {
    return this.json(pathOf(model, version));
  }

  index(): Promise<readonly IndexEntry[]> {
    return this.json('/v2/repository/index', { method: 'POST' });
  }

  async infer(request: InferRequest): Promise<InferAnswer> {
    const message = this.binary ? binaryMessage(request) : jsonMessage(request);
    const path = `${pathOf(request.model, request.version)}/infer`;
    return readAnswer(await this.rest.ask(path, { method: 'POST', ...message }));
  }

  /** The status alone tells; servers differ in whether there is a body. */
  private async isReady(path: string): Promise<boolean> {
    await this.rest.ask(path);
    return true;
  }

  private async json<T>(path: string, message?: HttpMessage): Promise<T> {
    return JSON.parse((await this.rest.ask(path, message)).body.toString()) as T;
  }
}

/** An inference request with its tensors as JSON. */
export function jsonMessage({ id, inputs, outputs }: InferRequest): HttpMessage {
  const tensors = inputs.map((input) => ({ ...headOf(input), data: toJsonData(input) }));
  const body = bareTokens(
    JSON.stringify({ id, inputs: tensors, outputs: outputs?.map((name) => ({ name })) }),
  );
  return { body, headers: { 'content-type': 'application/json' } };
}

/** An inference request with its tensors as bytes behind the JSON, that asks for its answer in the same form. */
export function binaryMessage({ id, inputs, outputs }: InferRequest): HttpMessage {
  const wanted = outputs?.map((name) => ({ name, parameters: { binary_data: true } }));
  const parameters = { binary_data_output: true };
  return withTensors({ id, parameters, inputs: inputs.map(binaryHead), outputs: wanted }, inputs);
}

/** JSON and, behind it, the bytes of tensors. */
export function withTensors(
  json: object,
  tensors: readonly Tensor[],
): { body: Buffer; headers: Record<string, string> } {
  const head = Buffer.from(JSON.stringify(json));
  return {
    body: Buffer.concat([head, ...tensors.map(({ bytes }) => bytes)]),
    headers: { [HEADER_LENGTH]: String(head.length), 'content-type': 'application/octet-stream' },
  };
}

/** The JSON of an input whose bytes stand behind the JSON. */
export function binaryHead(input: Tensor): object {
  return { ...headOf(input), parameters: { binary_data_size: input.bytes.length } };
}

/** Reads the answer to an inference request, in whichever form its tensors come. */
export function readAnswer({ body, headers }: HttpAnswer): InferAnswer {
  const end = Number(headers[HEADER_LENGTH] ?? body.length);
  const json = parseAnswer(body.subarray(0, end).toString()) as WireAnswer;
  let at = end;
  const outputs = json.outputs.map(({ name, datatype, shape, parameters, data }) => {
    const size = parameters?.binary_data_size;
    const bytes = size === undefined ? fromJsonData(datatype, data ?? []) : body.subarray(at, (at += size));
    return { name, datatype, shape: shape.map((dimension) => Number(dimension.text)), bytes };
  });
  return { id: json.id ?? '', model: json.model_name, version: json.model_version ?? '', outputs };
}

interface WireAnswer {
  readonly id?: string;
  readonly model_name: string;
  readonly model_version?: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly { readonly text: string }[];
    readonly parameters?: { readonly binary_data_size?: number };
    readonly data?: readonly unknown[];
  }[];
}

function headOf({ name, datatype, shape }: Tensor): object {
  return { name, datatype, shape };
}

function pathOf(model: string, version?: string): string {
  const path = `/v2/models/${encodeURIComponent(model)}`;
  return version === undefined ? path : `${path}/versions/${version}`;
}
