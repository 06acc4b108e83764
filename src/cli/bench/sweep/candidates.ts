import { usageError } from '../../command-error';

/** Settings of a model that a sweep changes. Those that are absent stay as they are. */
export interface Candidate {
  readonly instances?: number;
  readonly threads?: number;
  readonly max_batch_rows?: number;
}

/** What the candidates depend on. */
export interface SweepSpace {
  readonly cores: number;
  readonly device: 'cpu' | 'cuda';
  /** Whether max_batch_rows can change. */
  readonly batches: boolean;
  /** Values from the command line, in place of sensible ones. */
  readonly instances?: readonly number[] | undefined;
  readonly threads?: readonly number[] | undefined;
  readonly batch?: readonly number[] | undefined;
}

/** The most candidates of a sweep. */
const MOST_CANDIDATES = 48;

/** Values of max_batch_rows by default. */
const BATCHES: readonly number[] = [1, 16, 64];

/**
 * The combinations to measure. By default, no more threads than cores: an instance uses one, or its share of the cores.
 * @throws CommandError usage if there are too many.
 */
export function candidatesFor({
  cores,
  device,
  batches,
  instances,
  threads,
  batch,
}: SweepSpace): Candidate[] {
  const counts =
    instances ?? unique(device === 'cuda' ? [1, 2] : [1, 2, cores >> 1, cores].filter((n) => n <= cores));
  const sizes = batches ? (batch ?? BATCHES) : [undefined];
  const candidates = counts.flatMap((count) =>
    (threads ?? unique(device === 'cuda' ? [1] : [1, Math.max(1, Math.floor(cores / count))])).flatMap(
      (thread) =>
        sizes.map((size) => ({
          instances: count,
          threads: thread,
          ...(size === undefined ? {} : { max_batch_rows: size }),
        })),
    ),
  );
  if (candidates.length > MOST_CANDIDATES)
    throw usageError(
      `${candidates.length} combinations, expected at most ${MOST_CANDIDATES}`,
      'name fewer with --instances, --threads and --batch',
    );
  return candidates;
}

function unique(values: readonly number[]): number[] {
  return [...new Set(values.filter((value) => value >= 1))].toSorted((one, other) => one - other);
}
