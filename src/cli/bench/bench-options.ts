import type { Shape } from '../../tensor/tensor';
import { usageError } from '../command-error';
import type { GatewayOptions } from '../gateway-options';
import type { Timing } from './load';
import { integersOf, positiveOf } from './integers';

/** Options of `nexus bench` as they are on the command line. */
export interface BenchOptions extends GatewayOptions {
  readonly concurrency?: string;
  readonly rate?: string;
  readonly rows?: string;
  readonly shape?: readonly string[];
  readonly data?: string;
  readonly duration?: string;
  readonly warmUp?: string;
  readonly sweep?: boolean;
  readonly p99?: string;
  readonly instances?: string;
  readonly threads?: string;
  readonly batch?: string;
  readonly repository?: string;
}

const ONLY_SWEEP = ['p99', 'instances', 'threads', 'batch', 'repository'] as const;

/** Options of `nexus bench` for every measurement. */
export interface LoadOptions {
  /** Loads that are measured one after another. Undefined if the command line names none. */
  readonly timings: readonly Timing[] | undefined;
  readonly rows: number;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly data: string | undefined;
  /** Seconds. */
  readonly duration: number | undefined;
  readonly warmUp: number;
}

/** Reads the options of the load. @throws CommandError usage */
export function loadOptionsOf(options: BenchOptions): LoadOptions {
  const { rows = '1', data, duration, warmUp = '1' } = options;
  const alone = ONLY_SWEEP.find((name) => options[name] !== undefined);
  if (alone !== undefined && options.sweep !== true)
    throw usageError(`--${alone} is an option of --sweep`, 'add --sweep');
  if (data !== undefined && rows !== '1')
    throw usageError('--data sets the rows of each request', 'omit --rows');
  const [count = 1, ...others] = integersOf('--rows', rows);
  if (others.length > 0) throw usageError('expected --rows with one number');
  return {
    timings: timingsOf(options),
    rows: count,
    shapes: new Map((options.shape ?? []).map(shapeOf)),
    data,
    duration: duration === undefined ? undefined : positiveOf('--duration', duration),
    warmUp: positiveOf('--warm-up', warmUp),
  };
}

function timingsOf({ concurrency, rate }: BenchOptions): Timing[] | undefined {
  if (concurrency !== undefined && rate !== undefined)
    throw usageError('expected --concurrency or --rate; came both', 'use one of them');
  if (rate !== undefined) return integersOf('--rate', rate).map((value) => ({ mode: 'open', rate: value }));
  if (concurrency === undefined) return undefined;
  return integersOf('--concurrency', concurrency).map((value) => ({ mode: 'closed', concurrency: value }));
}

function shapeOf(text: string): [input: string, shape: Shape] {
  const [, name, sizes] = /^(.+):(\d+(?:,\d+)*)$/.exec(text) ?? [];
  if (name === undefined || sizes === undefined)
    throw usageError(`expected --shape <input>:<dimensions>, such as ids:128; came ${JSON.stringify(text)}`);
  return [name, sizes.split(',').map(Number)];
}
