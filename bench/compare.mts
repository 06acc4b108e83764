/** How long a comparison takes: so many turns of so many seconds for each side. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
}

/** So long the compiler takes until the way of a request is all machine code. */
export const WARM_UP_SECONDS = 8;

/** Measures ceiling and gateway in turns, and prints the medians of both and of their ratio. */
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

/** The middle one of `values`. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}
