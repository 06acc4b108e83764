import type { IncomingMessage, ServerResponse } from 'node:http';
import { bufferOf } from '../../../../src/common/buffer-of';
import { decodeV2Request } from '../../../../src/rest/v2/codec/decode-request';
import { encodeV2Response } from '../../../../src/rest/v2/codec/encode-response';
import { openV2 } from '../../../../src/remote/v2/v2-connection';
import type { TensorConnection } from '../../../../src/remote/connection';
import type { Target } from '../../../../src/remote/target';
import type { Tensor } from '../../../../src/tensor/tensor';
import { LONG, serveHttp, targetAt, type Loopback } from '../loopback';

const BINARY = 'inference-header-content-length';

/** A response to send instead of the server's own. */
export interface Scripted {
  readonly status?: number;
  readonly json: string;
  readonly binary?: Uint8Array;
  /** The length of the JSON to announce, if it is not the true one. */
  readonly jsonLength?: number | string;
}

/** A server of one model, which returns its inputs as its outputs, with the codec of the gateway's own server. */
export class FakeV2 {
  /** Of the server; undefined for one that has no metadata. */
  extensions: readonly string[] | undefined = ['binary_tensor_data'];
  model: unknown = model('FP32', [-1]);
  ready: Scripted = { json: '' };
  /** The response to an inference request; undefined for an echo. */
  script: ((body: Buffer) => Scripted) | undefined;
  /** Changes the outputs of an echo. */
  change: (outputs: readonly Tensor[]) => readonly Tensor[] = (outputs) => outputs;
  /** Paths of requests. */
  readonly paths: string[] = [];
  /** JSON of the last inference request. */
  last: { json: string; headers: IncomingMessage['headers'] } | undefined;
  /** Set to delay metadata. */
  gate: Promise<void> | undefined;
  private readonly connections: TensorConnection[] = [];

  private constructor(private loopback: Loopback | undefined) {}

  static async start(): Promise<FakeV2> {
    const fake = new FakeV2(undefined);
    fake.loopback = await serveHttp((request, response) => void fake.answer(request, response));
    return fake;
  }

  connect(changes: Partial<Target> = {}, limit = 2 ** 20): TensorConnection {
    const connection = openV2(targetAt(`http://127.0.0.1:${this.loopback!.port}`, changes), LONG, limit);
    this.connections.push(connection);
    return connection;
  }

  async stop(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close()));
    await this.loopback!.stop();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    this.paths.push(request.url!);
    const body = Buffer.concat(pieces);
    if (request.url === '/v2') {
      await this.gate;
      if (this.extensions === undefined) response.writeHead(404).end();
      else response.end(JSON.stringify({ name: 'fake', extensions: this.extensions }));
    } else if (request.url!.endsWith('/ready')) send(response, this.ready);
    else if (request.url!.endsWith('/infer')) this.infer(request, response, body);
    else response.end(JSON.stringify(this.model));
  }

  private infer({ headers }: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const length = headers[BINARY] === undefined ? undefined : Number(headers[BINARY]);
    this.last = { json: body.toString('utf8', 0, length ?? body.length), headers };
    if (this.script !== undefined) return send(response, this.script(body));
    const { inputs, outputs } = decodeV2Request(body, length);
    const names = new Map(outputs.map(({ name, binary }) => [name, binary]));
    const kept = this.change(inputs.filter(({ name }) => names.has(name)));
    const { json, binary } = encodeV2Response(
      { model: 'm', version: '1', outputs: kept },
      (name) => names.get(name) === true,
    );
    const text = String(json);
    send(response, {
      json: text,
      ...(length === undefined ? {} : { binary: Buffer.concat(binary.map(bufferOf)) }),
    });
  }
}

/** Metadata of a model with the input and output `x`. */
export function model(datatype: string, shape: readonly number[], names: readonly string[] = ['x']): unknown {
  const tensors = names.map((name) => ({ name, datatype, shape }));
  return { name: 'digits', versions: ['1'], platform: 'onnx', inputs: tensors, outputs: tensors };
}

function send(response: ServerResponse, { status = 200, json, binary, jsonLength }: Scripted): void {
  if (binary !== undefined) response.setHeader(BINARY, jsonLength ?? Buffer.byteLength(json));
  response.writeHead(status).end(Buffer.concat([Buffer.from(json), binary ?? Buffer.alloc(0)]));
}
