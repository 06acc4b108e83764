import type { RepositoryIndexEntry } from '../../models/report/repository-index.schema';
import type { ModelDetails } from '../../rest/models/models.dto';
import { paint } from '../colours';
import { asJson } from '../../observability/log/log-form';
import { CommandError } from '../command-error';
import { GatewayClient } from '../gateway-client';
import type { GatewayOptions } from '../gateway-options';
import { sizeText } from '../numbers';
import { printable } from '../printable';
import { ProgressLine } from '../progress-line';
import { versionTable } from '../version-table';

/** Number of models whose details are requested at a time. */
const AT_A_TIME = 8;

/** Prints every version of every model that the caller may use. @throws CommandError */
export async function runModels(options: GatewayOptions): Promise<void> {
  const client = GatewayClient.of(options);
  const index = await client.post<readonly RepositoryIndexEntry[]>('/v2/repository/index');
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
      last: memory === undefined ? undefined : sizeText(memory.resident_bytes),
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
