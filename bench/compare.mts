/** The length of a comparison: the number of rounds, and the seconds per round and side. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
}

/** Time until the JIT has compiled the whole path of a request. */
export const WARM_UP_SECONDS = 8;

/** Measures ceiling and gateway alternately, and prints the medians of both and of their ratio. */
export async function compare(
  rounds: number,
  name: string,
  ceilingName: string,
  unit: string,
  measureCeiling: () => Promise<number>,
  measureGateway: () => Promise<number>,
): Promise<void> {
  const ceilings: number[] = [];
  const gateways: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`${name}: round ${round} of ${rounds}\n`);
    ceilings.push(await measureCeiling());
    gateways.push(await measureGateway());
  }
  const ratio = median(gateways.map((rate, index) => rate / ceilings[index]!));
  console.log(
    `${name}: gateway ${Math.round(median(gateways))} ${unit}, ${ceilingName} ${Math.round(median(ceilings))} ${unit}, ratio ${ratio.toFixed(2)}`,
  );
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
  const names = Object.keys(sides);
  const rates = new Map<string, number[]>(names.map((side) => [side, []]));
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`${name}: round ${round} of ${rounds}\n`);
    for (const [side, measureSide] of Object.entries(sides)) rates.get(side)!.push(await measureSide());
  }
  const [first, ...others] = names.map((side) => rates.get(side)!) as [number[], ...number[][]];
  console.log(`${name}: ${names[0]} ${median(first).toFixed(0)} ${unit}`);
  for (const [index, other] of others.entries()) {
    const ratio = median(first.map((rate, round) => rate / other[round]!));
    console.log(`  ${names[index + 1]} ${median(other).toFixed(0)} ${unit}, ratio ${ratio.toFixed(2)}`);
  }
}

/** The median of `values`; of an even number, the upper one. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}
