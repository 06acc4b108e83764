import { availableParallelism } from 'node:os';
import { attacks } from './attacks.mts';
import type { Effort } from './compare.mts';
import { fleet } from './fleet.mts';
import { manyModels } from './many-models.mts';
import { overload } from './overload.mts';
import { perceptrons } from './perceptrons.mts';
import { large, predictions } from './predictions.mts';
import { remote } from './remote.mts';
import { reloads } from './reloads.mts';
import { security } from './security.mts';
import { smallest, smallestOverGrpc } from './smallest.mts';
import { pictures, texts } from './tasks.mts';

/*
 * Compares the gateway with its ceilings, measured alternately in one run: `yarn bench [name] [rounds] [seconds]`. The
 * name `all` runs every benchmark. Absolute numbers vary between machines and over time, so compare the ratios.
 */
const BENCHMARKS: Readonly<Record<string, (effort: Effort) => Promise<void>>> = {
  smallest,
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
};
const [name = 'all', rounds = '5', seconds = '3'] = process.argv.slice(2);
const chosen = name === 'all' ? Object.keys(BENCHMARKS) : [name];
if (!chosen.every((key) => Object.hasOwn(BENCHMARKS, key))) {
  console.error(`nexus: unknown benchmark '${name}'; use all, ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(1);
}

console.log(
  `${availableParallelism()} cores, Node ${process.version}, ${rounds} rounds of ${seconds} s, medians\n`,
);
for (const key of chosen) await BENCHMARKS[key]!({ rounds: Number(rounds), seconds: Number(seconds) });
