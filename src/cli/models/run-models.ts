import { paint } from '../colours';
import { asJson } from '../../observability/log/log-form';
import { CommandError } from '../command-error';
import { GatewayClient, type GatewayOptions } from '../gateway-client';
import { printable } from '../printable';
import { ProgressLine } from '../progress-line';
import { versionTable, type TableTensor } from '../version-table';

/** Number of models that are asked for at a time. */
const AT_A_TIME = 8;

const MIB = 2 ** 20;

/** An entry of `POST /v2/repository/index`. */
interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

/** A version in `GET /v1/models/{model}`: what the table shows of it. */
interface VersionDetails {
  readonly version: string;
  readonly device?: string;
  readonly signature?: { readonly inputs: readonly TableTensor[]; readonly outputs: readonly TableTensor[] };
  readonly batching?: { readonly enabled: boolean; readonly max_batch_rows: number };
  readonly memory?: { readonly resident_bytes: number };
  readonly targets?: readonly unknown[];
}

/** The details of a model; those of the API are printed as they are. */
interface ModelDetails {
  readonly versions: readonly VersionDetails[];
}

/** Prints every version of every model that the caller may use. @throws CommandError */
export async function runModels(options: GatewayOptions): Promise<void> {
  const client = GatewayClient.of(options);
  const index = await client.post<readonly IndexEntry[]>('/v2/repository/index');
  if (!Array.isArray(index)) throw client.stranger();
  const details = await detailsOf(client, [...new Set(index.map(({ name }) => name))]);
  if (options.json === true) {
    process.stdout.write(`${asJson(JSON.stringify([...details.values()], undefined, 2))}\n`);
    return;
  }
  if (index.length === 0) {
    process.stdout.write(`${client.url} serves no models.\n`);
    return;
  }
  const rows = index.map(({ name, version, state }) => {
    const found = details.get(name)?.versions.find((candidate) => candidate.version === version);
    const { device, signature, batching, memory, targets } = found ?? {};
    return {
      model: name,
      version,
      state,
      device: device ?? (targets === undefined ? undefined : 'remote'),
      inputs: signature?.inputs,
      outputs: signature?.outputs,
      batchRows: batching === undefined ? undefined : batching.enabled ? batching.max_batch_rows : 1,
      last: memory === undefined ? undefined : `${Math.round(memory.resident_bytes / MIB)} MiB`,
    };
  });
  const reasons = index
    .filter(({ reason }) => reason !== '')
    .map(({ name, version, reason }) => `  ${printable(`${name}/${version}: ${reason}`)}`);
  const notes = reasons.length === 0 ? [] : ['', paint('heading', 'Reasons'), ...reasons];
  process.stdout.write(`${[versionTable(rows, 'MEMORY'), ...notes].join('\n')}\n`);
}

/** The details of the models, by name. Models that have been unloaded meanwhile are missing. */
async function detailsOf(
  client: GatewayClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, ModelDetails>> {
  const found = new Map<string, ModelDetails>();
  const line = new ProgressLine();
  const waiting = names.values();
  const work = async () => {
    for (const name of waiting) {
      const details = await client
        .get<ModelDetails>(`/v1/models/${encodeURIComponent(name)}`)
        .catch((error: unknown) => {
          if (error instanceof CommandError && error.status === 404) return undefined;
          throw error;
        });
      if (details !== undefined) found.set(name, details);
      if (names.length > AT_A_TIME) line.show(`reading models: ${found.size} of ${names.length}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
  } finally {
    line.clear();
  }
  return new Map(names.flatMap((name) => (found.has(name) ? [[name, found.get(name)!]] : [])));
}
