import { availableParallelism } from 'node:os';
import { attacks } from './attacks.mts';
import type { Effort } from './compare.mts';
import { manyModels } from './many-models.mts';
import { overload } from './overload.mts';
import { perceptrons } from './perceptrons.mts';
import { large, predictions } from './predictions.mts';
import { reloads } from './reloads.mts';
import { smallest, smallestOverGrpc } from './smallest.mts';

/*
 * The gateway against its ceilings, measured in turns in one run: `yarn bench [name] [rounds] [seconds]`, where `all`
 * is every benchmark. Absolute numbers differ from machine to machine and from minute to minute; the ratios are what
 * counts.
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
};
const [name = 'all', rounds = '5', seconds = '3'] = process.argv.slice(2);
const chosen = name === 'all' ? Object.keys(BENCHMARKS) : [name];
if (!chosen.every((key) => Object.hasOwn(BENCHMARKS, key))) {
  console.error(
    `nexus: there is no benchmark '${name}'; there are all, ${Object.keys(BENCHMARKS).join(', ')}`,
  );
  process.exit(1);
}

console.log(
  `${availableParallelism()} cores, Node ${process.version}, ${rounds} rounds of ${seconds} s, medians\n`,
);
for (const key of chosen) await BENCHMARKS[key]!({ rounds: Number(rounds), seconds: Number(seconds) });
