import { startGateway } from '../server.ts';
import type { Client } from '../transports/client.ts';
import { GrpcProtocolClient } from '../transports/grpc-client.ts';
import { Grpc } from '../transports/grpc.ts';
import { Rest } from '../transports/http.ts';
import { RestClient } from '../transports/rest.ts';

/** What a gateway says of a model: its state, and the reason where it has one. */
export interface ModelState {
  readonly state: string;
  readonly reason: string;
}

interface Entry extends Partial<ModelState> {
  readonly name: string;
}

interface Statistics {
  readonly model_stats: readonly { readonly inference_count: number; readonly execution_count: number }[];
}

/** A gateway that serves a folder of models in few processes, and what is asked of it. */
export class TestedGateway {
  /** The clients that requests are sent with, by the name of the transport. */
  readonly clients: ReadonlyMap<string, Client>;
  /** What became of loading each model, by its name. */
  readonly models: ReadonlyMap<string, ModelState>;
  private readonly rest: Rest;
  private readonly close: () => Promise<void>;

  private constructor(
    rest: Rest,
    clients: ReadonlyMap<string, Client>,
    entries: readonly Entry[],
    close: () => Promise<void>,
  ) {
    this.rest = rest;
    this.clients = clients;
    this.models = new Map(entries.map(({ name, state = '', reason = '' }) => [name, { state, reason }]));
    this.close = close;
  }

  /** Starts the built gateway and resolves when every model of `folder` has been tried. */
  static async serving(folder: string): Promise<TestedGateway> {
    const server = await startGateway({
      NEXUS_MODEL_REPOSITORY: folder,
      NEXUS_ISOLATION: 'shared',
      NEXUS_RATE_LIMIT: '0',
      NEXUS_LOG_LEVEL: 'silent',
    });
    const rest = new Rest(server.url);
    const grpc = new Grpc(server.grpc!);
    const clients = new Map<string, Client>([
      ['REST JSON', new RestClient(rest, 'json')],
      ['REST binary', new RestClient(rest, 'binary')],
      ['gRPC', new GrpcProtocolClient(grpc)],
    ]);
    const index = await ask<readonly Entry[]>(rest, '/v2/repository/index', 'POST');
    return new TestedGateway(rest, clients, index, async () => {
      rest.close();
      grpc.close();
      await server.stop();
    });
  }

  /** Whether requests of `model` may share a run. */
  async isBatchable(model: string): Promise<boolean> {
    type Details = { versions: readonly { batching?: { enabled: boolean } }[] };
    const { versions } = await ask<Details>(this.rest, `/v1/models/${model}`);
    return versions[0]?.batching?.enabled ?? false;
  }

  /** How many rows of `model` have been answered beyond one a run. */
  async rowsBeyondRuns(model: string): Promise<number> {
    const { model_stats } = await ask<Statistics>(this.rest, `/v2/models/${model}/stats`);
    const [statistics] = model_stats;
    return statistics!.inference_count - statistics!.execution_count;
  }

  /** Ends the gateway. */
  stop(): Promise<void> {
    return this.close();
  }
}

async function ask<T>(rest: Rest, path: string, method = 'GET'): Promise<T> {
  const { body } = await rest.ask(path, { method });
  return JSON.parse(body.toString()) as T;
}
