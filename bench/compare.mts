import { record } from './results.mts';
import type { Sample } from './sample.mts';

/** The length of a comparison: the number of rounds, and the seconds per round and side. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
}

/** Time until the JIT has compiled the whole path of a request. */
export const WARM_UP_SECONDS = 8;

/** A rate, or a rate with its cost. */
type Measured = number | Sample;

/** Measures ceiling and gateway alternately, and prints the medians of both and of their ratio. Resolves to the ratio. */
export async function compare(
  rounds: number,
  name: string,
  ceilingName: string,
  unit: string,
  measureCeiling: () => Promise<Measured>,
  measureGateway: () => Promise<Measured>,
): Promise<number> {
  const sides = { [ceilingName]: measureCeiling, gateway: measureGateway };
  const results = await alternate(rounds, name, sides);
  const [ceilings, gateways] = [results[ceilingName]!, results['gateway']!];
  const [ceilingRates, gatewayRates] = [ceilings.map(rateOf), gateways.map(rateOf)];
  const ratio = medianRatio(gatewayRates, ceilingRates);
  console.log(
    `${name}: gateway ${Math.round(median(gatewayRates))} ${unit}, ${ceilingName} ${Math.round(median(ceilingRates))} ${unit}, ` +
      `ratio ${ratio.toFixed(2)}`,
  );
  const samples = [gateways, ceilings].map((side) => side.filter(hasCost)) as [Sample[], Sample[]];
  if (samples[0].length > 0) console.log(`  gateway: ${costText(samples[0])}`);
  if (samples[1].length > 0) console.log(`  ${ceilingName}: ${costText(samples[1])}`);
  return ratio;
}

/**
 * Measures all `sides` alternately, and prints the median of each and, for all but the first, the median of the ratio of the
 * first to it.
 */
export async function compareAll(
  rounds: number,
  name: string,
  unit: string,
  sides: Readonly<Record<string, () => Promise<number>>>,
): Promise<void> {
  const results = Object.entries(await alternate(rounds, name, sides));
  const [[firstName, first], ...others] = results as [[string, number[]], ...[string, number[]][]];
  console.log(`${name}: ${firstName} ${median(first).toFixed(0)} ${unit}`);
  for (const [side, rates] of others)
    console.log(
      `  ${side} ${median(rates).toFixed(0)} ${unit}, ratio ${medianRatio(first, rates).toFixed(2)}`,
    );
}

/**
 * Measures all `sides` in turn, `rounds` times. Resolves to the results of each side, which are
 * also recorded.
 */
export async function alternate<T>(
  rounds: number,
  name: string,
  sides: Readonly<Record<string, () => Promise<T>>>,
): Promise<Record<string, T[]>> {
  const results = Object.fromEntries(Object.keys(sides).map((side): [string, T[]] => [side, []]));
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`${name}: round ${round} of ${rounds}\n`);
    for (const [side, measureSide] of Object.entries(sides)) results[side]!.push(await measureSide());
  }
  record(name, results);
  return results;
}

/** The median of `values`; of an even number, the upper one. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

/** The median of the ratios of `ours` to `theirs`, round by round. */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value / theirs[round]!));
}

function rateOf(measured: Measured): number {
  return typeof measured === 'number' ? measured : measured.rate;
}

function hasCost(measured: Measured): measured is Sample {
  return typeof measured !== 'number';
}

/** CPU time per request of all processes, and latencies. */
function costText(samples: readonly Sample[]): string {
  const of = (key: keyof Sample) => median(samples.map((sample) => sample[key]));
  const runners = of('runnersUs') > 0 ? ` + ${of('runnersUs').toFixed(1)} µs of its runners` : '';
  return (
    `${of('serverUs').toFixed(1)} µs CPU a request${runners}, load generator ${of('senderUs').toFixed(1)} µs; ` +
    `p50 ${of('p50Ms').toFixed(2)} ms, p99 ${of('p99Ms').toFixed(2)} ms`
  );
}
