import { median, type Effort } from './compare.mts';
import { drive } from './load.mts';
import { print } from './server.mts';

/** The requests to send: rows of `width` numbers. */
interface Load {
  readonly url: string;
  readonly width: number;
  readonly deadlineMs: number;
  readonly message: Parameters<typeof drive>[1];
  /** Seconds for which twice the capacity is sent. */
  readonly seconds: number;
}

/**
 * Measures the capacity of a server and then sends twice as many requests, for each round. Returns a sentence with the medians:
 * the part of the capacity that is answered in time, the part that is rejected, and how fast.
 */
export async function twiceTheCapacity(load: Load, { rounds, seconds }: Effort): Promise<string> {
  const { url, width, deadlineMs, message } = load;
  await drive(url, message, seconds);
  const results: { ratio: number; refused: number; refusedP99Ms: number }[] = [];
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`overload: round ${round} of ${rounds}\n`);
    const capacity = await drive(url, message, seconds);
    const args = [url + message.path, width, 2 * capacity, load.seconds, deadlineMs];
    const { good, ...rejections } = JSON.parse(await print('open-loop.mts', ...args)) as {
      good: number;
      refused: number;
      refusedP99Ms: number;
    };
    results.push({ ratio: good / capacity, ...rejections });
  }
  const of = (key: keyof (typeof results)[number]) => median(results.map((result) => result[key]));
  return (
    `${of('ratio').toFixed(2)} of the capacity answered in time, ${Math.round(100 * of('refused'))} % rejected, ` +
    `99 of 100 rejections within ${of('refusedP99Ms').toFixed(1)} ms`
  );
}
