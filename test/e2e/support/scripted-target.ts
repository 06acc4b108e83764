import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a model answers a request, which has been read. */
export type TargetScript = (response: ServerResponse, request: IncomingMessage) => void;

/** A server of the Open Inference Protocol V2, whose models follow scripts. Each doubles `x` of one row of two. */
export class ScriptedTarget {
  /** Inference requests by model. */
  readonly requests: string[] = [];
  /** Paths outside the protocol that were asked for. */
  readonly strayPaths: string[] = [];
  private readonly server: Server;
  private readonly events = new EventEmitter();

  private constructor(private readonly scripts: Readonly<Record<string, TargetScript>>) {
    this.server = createServer((request, response) => this.serve(request, response));
  }

  /** Starts one on a free port. */
  static async start(scripts: Readonly<Record<string, TargetScript>>): Promise<ScriptedTarget> {
    const target = new ScriptedTarget(scripts);
    target.server.listen(0, '127.0.0.1');
    await once(target.server, 'listening');
    return target;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves when `model` has received `count` inference requests in all. */
  async received(model: string, count: number): Promise<void> {
    while (this.requests.filter((name) => name === model).length < count) await once(this.events, 'request');
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const [, model = '', action] = /^\/v2\/models\/([^/]+)(?:\/(\w+))?$/.exec(request.url!) ?? [];
    request.resume().once('end', () => {
      if (request.url === '/v2') json(response, { name: 'scripted', extensions: ['binary_tensor_data'] });
      else if (model === '') {
        this.strayPaths.push(request.url!);
        json(response, {});
      } else if (action === 'ready') json(response, { name: model, ready: true });
      else if (action === undefined) json(response, metadataOf(model));
      else {
        this.requests.push(model);
        this.events.emit('request');
        this.scripts[model]!(response, request);
      }
    });
  }
}

/** Answers with `y`, unless `changes` say otherwise. */
export function answer(response: ServerResponse, changes: object = {}): void {
  const output = { name: 'y', datatype: 'FP32', shape: [1, 2], data: [2, 4], ...changes };
  json(response, { model_name: 'm', model_version: '1', outputs: [output] });
}

function metadataOf(name: string): object {
  const tensor = { datatype: 'FP32', shape: [-1, 2] };
  return {
    name,
    versions: ['1'],
    platform: 'scripted',
    inputs: [{ name: 'x', ...tensor }],
    outputs: [{ name: 'y', ...tensor }],
  };
}

function json(response: ServerResponse, body: object): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
}
