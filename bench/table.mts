import { alternate, median, WARM_UP_SECONDS, type Effort } from './compare.mts';
import { binaryRequest } from './load.mts';
import { SMALL } from './models.mts';
import { sample, type Sample } from './sample.mts';
import type { Server } from './server.mts';
import type { Message } from './traffic.mts';

/** The forms of a request, and the numbers of connections with which each is measured. */
const ROWS = { binary: [1, 64, 256, 512], JSON: [64, 256] } as const;

type Form = keyof typeof ROWS;

/** A server, and a request of each form that it accepts. */
export interface Side {
  readonly server: Server;
  readonly messages: Readonly<Partial<Record<Form, Message>>>;
}

/** The rounds of each cell that was measured, by {@link cell}. */
export type Cells = Readonly<Record<string, readonly Sample[]>>;

/** The input of all requests: pixels from 0 to 1. */
export const NUMBERS: readonly number[] = Array.from({ length: SMALL }, (_, index) => (index % 256) / 255);

/** The key of `side` in the row of `form` and `connections`. */
export function cell(form: Form, connections: number, side: string): string {
  return `${form}, ${connections}: ${side}`;
}

/** Requests of the V2 protocol to a model with an input `x` of 784 numbers and an output `y`. */
export function v2Messages(model: string): Record<Form, Message> {
  const path = `/v2/models/${model}/infer`;
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, SMALL], data: NUMBERS }];
  return {
    binary: { path, ...binaryRequest('x', [1, SMALL], ['y']) },
    JSON: jsonMessage(path, { inputs, outputs: [{ name: 'y' }] }),
  };
}

/** A request with `body` in JSON. */
export function jsonMessage(path: string, body: object): Message {
  return {
    path,
    body: Buffer.from(JSON.stringify(body)),
    headers: { 'content-type': 'application/json' },
  };
}

/** Sends small requests of all forms with different numbers of connections to all `sides`, in turn. */
export async function measureTable(
  name: string,
  sides: Readonly<Record<string, Side>>,
  { rounds, seconds }: Effort,
): Promise<Cells> {
  const measures: Record<string, () => Promise<Sample>> = {};
  for (const [form, counts] of Object.entries(ROWS) as [Form, readonly number[]][])
    for (const [side, { server, messages }] of Object.entries(sides)) {
      const message = messages[form];
      if (message === undefined) continue;
      await sample(server, { ...message, connections: 64 }, WARM_UP_SECONDS);
      for (const connections of counts)
        measures[cell(form, connections, side)] = () => sample(server, { ...message, connections }, seconds);
    }
  return alternate(rounds, name, measures);
}

/** Prints medians of all cells, in Markdown. */
export function printTable(cells: Cells, sides: readonly string[]): void {
  printRow(['', ...sides]);
  printRow(['---', ...sides.map(() => '---')]);
  for (const [form, counts] of Object.entries(ROWS) as [Form, readonly number[]][])
    for (const connections of counts) {
      const samples = sides.map((side) => cells[cell(form, connections, side)]);
      const row = `${form}, ${connections} connection${connections === 1 ? '' : 's'}`;
      printRow([`${row}: req/s (p50, p99 in ms)`, ...samples.map(rateText)]);
      printRow([`${row}: CPU a request in µs`, ...samples.map(cpuText)]);
    }
}

function printRow(columns: readonly string[]): void {
  console.log(`| ${columns.join(' | ')} |`);
}

function rateText(samples: readonly Sample[] | undefined): string {
  if (samples === undefined) return '';
  const of = (key: keyof Sample) => median(samples.map((one) => one[key]));
  const rate = Math.round(of('rate')).toLocaleString('en');
  return `${rate} (${of('p50Ms').toFixed(2)}, ${of('p99Ms').toFixed(1)})`;
}

/** The runners of a gateway are listed after the plus sign. */
function cpuText(samples: readonly Sample[] | undefined): string {
  if (samples === undefined) return '';
  const of = (key: keyof Sample) => median(samples.map((one) => one[key]));
  const server = of('serverUs').toFixed(0);
  return of('runnersUs') > 0 ? `${server} + ${of('runnersUs').toFixed(1)}` : server;
}
