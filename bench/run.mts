import { availableParallelism } from 'node:os';
import { attacks } from './attacks.mts';
import type { Effort } from './compare.mts';
import { fleet } from './fleet.mts';
import { manyModels } from './many-models.mts';
import { overload } from './overload.mts';
import { peers } from './peers.mts';
import { perceptrons } from './perceptrons.mts';
import { large } from './large.mts';
import { predictions } from './predictions.mts';
import { waitForQuiet, watchOthers, type Others } from './quiet.mts';
import { remote } from './remote.mts';
import { reloads } from './reloads.mts';
import { security } from './security.mts';
import { beginBenchmark, printGoals, writeResults } from './results.mts';
import { rateLimiter, smallest, smallestOverGrpc } from './smallest.mts';
import { pictures, texts } from './tasks.mts';

/*
 * Compares the gateway with its ceilings, measured alternately in one run: `yarn bench [name] [rounds] [seconds]`. The
 * name `all` runs every benchmark. Absolute numbers vary between machines and over time, so compare the ratios. On a busy
 * machine, no goal is judged, no file is written, and the exit code is 1.
 */
const BENCHMARKS: Readonly<Record<string, (effort: Effort) => Promise<void>>> = {
  smallest,
  limiter: rateLimiter,
  grpc: smallestOverGrpc,
  predictions,
  large,
  perceptrons,
  overload,
  reloads,
  models: manyModels,
  attacks,
  security,
  remote,
  fleet,
  texts,
  pictures,
  peers,
};
const [name = 'all', rounds = '5', seconds = '3'] = process.argv.slice(2);
const chosen = name === 'all' ? Object.keys(BENCHMARKS) : [name];
if (!chosen.every((key) => Object.hasOwn(BENCHMARKS, key))) {
  console.error(`nexus: unknown benchmark '${name}'; use all, ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(1);
}

const effort: Effort = { rounds: Number(rounds), seconds: Number(seconds) };
console.log(
  `${availableParallelism()} cores, Node ${process.version}, ${rounds} rounds of ${seconds} s, medians\n`,
);
let worst: Others | undefined;
for (const key of chosen) {
  const before = await waitForQuiet();
  const readOthers = watchOthers();
  beginBenchmark(key);
  await BENCHMARKS[key]!(effort);
  for (const others of [before, readOthers()]) if (others.share >= (worst?.share ?? 0)) worst = others;
}
if (worst!.isTooMuch) {
  console.error(
    `nexus: the machine is busy, so no goal is judged and no file is written: ${worst!.text}. End these processes and measure again.`,
  );
  process.exit(1);
}
printGoals();
console.log(`\nResults: ${writeResults(effort, worst!.share)}`);
