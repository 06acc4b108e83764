import { send, type Load } from './load.mts';
import { allProcesses, treeOf } from './processes.mts';
import type { Server } from './server.mts';
import type { Traffic } from './traffic.mts';

/** What a round of a load measured. */
export interface Sample {
  /** Requests per second. */
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time per request of the server without its runners, in microseconds. */
  readonly serverUs: number;
  /** CPU time per request of the runners of a gateway; 0 for all other servers. */
  readonly runnersUs: number;
  /** CPU time per request of the load generator. */
  readonly senderUs: number;
}

/** Sends `load` to `server` for `seconds`. @throws like {@link send}. */
export function sample(server: Server, load: Load, seconds: number): Promise<Sample> {
  return sampleOf(server, () => send(server.url, load, seconds));
}

/** Measures `server` while `generate` sends requests to it. */
export async function sampleOf(server: Server, generate: () => Promise<Traffic>): Promise<Sample> {
  const before = cpuMsOfServer(server.pid);
  const traffic = await generate();
  const after = cpuMsOfServer(server.pid);
  const usOf = (ms: number) => (ms * 1000) / traffic.requests;
  return {
    rate: traffic.requests / traffic.seconds,
    p50Ms: traffic.p50Ms,
    p99Ms: traffic.p99Ms,
    serverUs: usOf(after.own - before.own),
    runnersUs: usOf(after.runners - before.runners),
    senderUs: usOf(traffic.senderCpuMs),
  };
}

/** CPU time of a server with all its children, and separately of those that run models for a gateway. */
function cpuMsOfServer(root: number): { own: number; runners: number } {
  const sum = { own: 0, runners: 0 };
  for (const { name, cpuMs } of treeOf(root, allProcesses()))
    sum[name.startsWith('nexus-runner') ? 'runners' : 'own'] += cpuMs;
  return sum;
}
