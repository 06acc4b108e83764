import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { isWrkInstalled } from './wrk.mts';

const FOLDER = 'bench/results';

/** What one side of a comparison measured, round by round. */
interface Figure {
  readonly benchmark: string;
  readonly name: string;
  readonly side: string;
  readonly rounds: readonly unknown[];
}

/** A limit that a measured value has to keep. */
interface Goal {
  readonly benchmark: string;
  readonly name: string;
  readonly value: number;
  readonly limit: string;
  readonly isReached: boolean;
}

/** Figures and goals of all benchmarks of this run, in order. */
const figures: Figure[] = [];
const goals: Goal[] = [];
let benchmark = '';

/** Assigns all later figures and goals to the benchmark `name`. */
export function beginBenchmark(name: string): void {
  benchmark = name;
}

/** Keeps the rounds of each side of a comparison. */
export function record(name: string, sides: Readonly<Record<string, readonly unknown[]>>): void {
  for (const [side, rounds] of Object.entries(sides)) figures.push({ benchmark, name, side, rounds });
}

/** Keeps a goal: `value`, in `unit`, is at most or at least `limit`. */
export function goal(
  name: string,
  value: number,
  bound: 'at most' | 'at least',
  limit: number,
  unit = '',
): void {
  const isReached = bound === 'at most' ? value <= limit : value >= limit;
  goals.push({ benchmark, name, value, limit: `${bound} ${limit}${unit && ` ${unit}`}`, isReached });
}

/** Prints whether each goal is reached. */
export function printGoals(): void {
  if (goals.length > 0) console.log('\nGoals');
  for (const { name, value, limit, isReached } of goals)
    console.log(`${isReached ? 'reached' : 'MISSED '}  ${name}: ${value.toPrecision(3)}, ${limit}`);
}

/** Writes everything that this run measured, and on which machine. Returns the path. */
export function writeResults(effort: object, othersShare: number): string {
  const date = new Date().toISOString();
  const path = `${FOLDER}/${date.slice(0, 19).replaceAll(':', '-')}.json`;
  const machine = {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    commit: commit(),
    loadGenerator: isWrkInstalled ? 'wrk' : 'autocannon',
    cpuShareOfOthers: othersShare,
  };
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path, `${JSON.stringify({ date, machine, effort, goals, figures }, undefined, 2)}\n`);
  return path;
}

/** The commit that is checked out, with a mark if files differ from it; null outside of a repository. */
function commit(): string | null {
  try {
    const args = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
