import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf, newApiKey } from '../src/identity/keys/api-key.ts';
import { Issuer } from '../test/fixtures/issuer.ts';
import { median, WARM_UP_SECONDS, type Effort } from './compare.mts';
import { binaryRequest, send, type Load } from './load.mts';
import { startGateway, type Server } from './server.mts';

/** Turns of each side per round: short ones, because a difference of 1 % is below what other processes cause in seconds. */
const TURNS = 10;

const KEYS = 1000;
const TENANTS = 10;

/** Limits that are never reached. */
const KEY_LIMITS = { requests_per_second: 1_000_000, rows_per_minute: 100_000_000 };
const TENANT_LIMITS = { requests_per_second: 10_000_000 };

/** A kind of client. */
interface Side {
  readonly name: string;
  readonly gateway: Server;
  readonly load: Load;
  /** CPU per request of each turn, in microseconds. */
  readonly costs: number[];
}

/**
 * Measures what identity, limits and usage add to the CPU time of the smallest request: with keys and with tokens, compared
 * with a gateway that is open. All sides take turns.
 */
export async function security({ rounds, seconds }: Effort): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  const issuer = await Issuer.start();
  const keys = writeKeys(join(folder, 'keys.yaml'));
  const usage = (name: string) => ({ NEXUS_USAGE_FILE: join(folder, `${name}.db`) });
  const [open, withKeys, withTokens] = await Promise.all([
    startGateway('./models'),
    startGateway('./models', { ...usage('keys'), NEXUS_KEYS_FILE: join(folder, 'keys.yaml') }),
    startGateway('./models', { ...usage('tokens'), ...issuer.settings }),
  ]);
  const request = binaryRequest('image', [1, 8, 8], ['probabilities']);
  const load = { path: '/v2/models/digits/infer', connections: 64, ...request };
  const sides: Side[] = [
    { name: 'open', gateway: open, load, costs: [] },
    { name: 'one key', gateway: withKeys, load: { ...load, keys: keys.slice(0, 1) }, costs: [] },
    { name: `${KEYS} keys`, gateway: withKeys, load: { ...load, keys }, costs: [] },
    { name: 'token', gateway: withTokens, load: { ...load, keys: [issuer.sign()] }, costs: [] },
  ];
  for (const side of sides) await costOf(side, WARM_UP_SECONDS);
  for (let turn = 1; turn <= rounds * TURNS; turn++) {
    process.stderr.write(`security: turn ${turn} of ${rounds * TURNS}\n`);
    // In the other order every other time, so that a machine that slows down favours no side.
    for (const side of turn % 2 === 0 ? sides.toReversed() : sides)
      side.costs.push(await costOf(side, seconds / TURNS));
  }
  const ceiling = sides[0]!.costs;
  console.log(`open: ${median(ceiling).toFixed(1)} us of CPU per request`);
  for (const { name, costs } of sides.slice(1)) report(name, costs, ceiling);
  await Promise.all([open.stop(), withKeys.stop(), withTokens.stop(), issuer.stop()]);
  rmSync(folder, { recursive: true });
}

/** Prints the median of the paired differences, and the quartiles as their spread. */
function report(name: string, costs: readonly number[], ceiling: readonly number[]): void {
  const differences = costs.map((cost, turn) => cost - ceiling[turn]!).toSorted((one, other) => one - other);
  const at = (share: number) => differences[Math.floor(share * differences.length)]!.toFixed(1);
  const ratio = median(costs.map((cost, turn) => cost / ceiling[turn]!));
  console.log(
    `${name}: ${median(costs).toFixed(1)} us, ratio ${ratio.toFixed(3)}, ` +
      `difference ${at(0.5)} us (quartiles ${at(0.25)} and ${at(0.75)})`,
  );
}

/** CPU time of the gateway per request, in microseconds. */
async function costOf({ gateway, load }: Side, seconds: number): Promise<number> {
  const before = cpuOf(gateway.pid);
  const { requests } = await send(gateway.url, load, seconds);
  return (cpuOf(gateway.pid) - before) / requests;
}

/** CPU time of all threads of a process, in microseconds. */
function cpuOf(pid: number): number {
  const folder = `/proc/${pid}/task`;
  const times = readdirSync(folder).map((thread) =>
    Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return times.reduce((sum, time) => sum + time, 0) / 1000;
}

/** Writes a file of keys with limits, of several tenants, and returns the keys. */
function writeKeys(path: string): readonly string[] {
  const texts = Array.from({ length: KEYS }, (_, index) => newApiKey(`client-${index}`));
  const keys = texts.map((text, index) => ({
    id: `client-${index}`,
    hash: hashOf(text),
    tenant: `tenant-${index % TENANTS}`,
    limits: KEY_LIMITS,
  }));
  const tenants = Array.from({ length: TENANTS }, (_, index) => ({
    id: `tenant-${index}`,
    limits: TENANT_LIMITS,
  }));
  writeFileSync(path, JSON.stringify({ keys, tenants }));
  return texts;
}
