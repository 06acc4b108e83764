import { spawn, type ChildProcess, type ChildProcessByStdio, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { allProcesses, treeOf } from './processes.mts';

/** Time limit for a program to end by itself. */
const STOP_MS = 10_000;

const running = new Set<ChildProcess>();

// A benchmark that fails leaves no servers behind.
process.once('exit', () => running.forEach((child) => kill(familyOf(child))));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Starts a program that does not outlive this process. */
export function spawnChild(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  running.add(child);
  child.once('exit', () => running.delete(child));
  // Reading a stream that `options` do not request fails immediately.
  return child as ChildProcessByStdio<null, Readable, Readable>;
}

/** Resolves to the output of a program when it ends. @throws Error if it fails. */
export async function outputOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  const [[code, signal], output] = (await Promise.all([once(child, 'exit'), text(child.stdout)])) as [
    [number | null, NodeJS.Signals | null],
    string,
  ];
  if (code === 0) return output.trim();
  throw new Error(`${child.spawnargs.join(' ')} ended with ${code ?? signal}: ${output}`);
}

/** Stops a program gracefully, and kills its remaining descendants. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return;
  const family = familyOf(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  child.kill('SIGTERM');
  await once(child, 'exit');
  clearTimeout(timer);
  kill(family);
}

function familyOf(child: ChildProcess): number[] {
  return treeOf(child.pid!, allProcesses()).map(({ pid }) => pid);
}

function kill(pids: readonly number[]): void {
  const existing = allProcesses();
  for (const pid of pids) if (existing.has(pid)) process.kill(pid, 'SIGKILL');
}
