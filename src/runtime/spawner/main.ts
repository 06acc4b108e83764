import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { unstarted, type RunnerEnd } from '../runner-end';
import type { Ancestors, FromSpawner, RunnerStart, SpawnMessage, ToSpawner } from './messages';
import { Protection } from './protection';

/*
 * The spawner: the parent process of all runners. Starting a process blocks its parent while the page tables of the
 * parent are copied. The spawner is small, and does not hold up the gateway.
 */

const RUNNER = join(__dirname, '../runner/main.js');

/**
 * Lower priority than the gateway, so that requests are served even while runners load models or compute. Runners inherit
 * it, from their first instruction on and with all their threads.
 */
const NICENESS = 5;

/** Number of characters to keep from the standard error of a runner, to explain its death. */
const STDERR_TAIL = 2000;

process.title = 'nexus-spawner';
lowerPriority();

const ancestors: Ancestors = { spawner: process.pid, gateway: process.ppid };

const children = new Map<number, ChildProcess>();
const protection = new Protection(ancestors);

process.on('message', (message: ToSpawner) => {
  if (message.type === 'spawn') tryToStart(message);
  else children.get(message.id)?.kill('SIGKILL');
});
// The gateway has ended.
process.on('disconnect', () => {
  for (const child of children.values()) child.kill('SIGKILL');
  process.exit(0);
});
// Ctrl-C reaches the whole process group, and systemd signals all processes of a service, but only the gateway decides
// when runners end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});

function lowerPriority(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // Not permitted here. Everything works without it.
  }
}

function tryToStart(message: SpawnMessage): void {
  try {
    start(message);
  } catch (error) {
    // For example, no descriptor is left. Existing runners continue.
    ended(message.id, unstarted(error));
  }
}

function start({ id, label, slab, socket }: SpawnMessage): void {
  const descriptor = openSync(slab, 'r+');
  let child: ChildProcess;
  try {
    unlinkSync(slab);
    child = spawn(process.execPath, [RUNNER, label], { stdio: ['pipe', 'ignore', 'pipe', descriptor] });
  } finally {
    closeSync(descriptor);
  }
  children.set(id, child);
  if (child.pid !== undefined) {
    report({ type: 'started', id, pid: child.pid });
    protect();
  }
  let stderr = '';
  // The streams are missing if no descriptor was left; the `error` event then reports it.
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_TAIL);
  });
  child.once('error', (error) => child.pid === undefined && ended(id, unstarted(error)));
  child.once('exit', (code, signal) => {
    ended(id, { cause: 'own', reason: describeExit(code, signal, stderr) });
  });
  // Writing fails if the runner has already ended; the `exit` event then reports it.
  child.stdin?.on('error', () => {}).end(JSON.stringify({ socket } satisfies RunnerStart));
}

/** Updates the runners that the guard kills when this process ends. */
function protect(): void {
  const pids = [...children.values()].map(({ pid }) => pid);
  protection.cover(pids.filter((pid) => pid !== undefined));
}

function ended(id: number, end: RunnerEnd): void {
  if (children.delete(id)) protect();
  report({ type: 'ended', id, end });
}

function report(message: FromSpawner): void {
  // Ignore errors: the gateway may have ended.
  process.send!(message, undefined, undefined, () => {});
}

function describeExit(code: number | null, signal: string | null, stderr: string): string {
  const how = signal === null ? `exited with code ${code}` : `was terminated by ${signal}`;
  // ONNX Runtime writes coloured text.
  const last = stripVTControlCharacters(stderr).trim().split('\n').at(-1) ?? '';
  // Clients see this text, so reduce paths to file names.
  const said = last.replace(/(?:\/[^\s/:]+)+\/([^\s/:]+)/g, '$1');
  return said === '' ? `the runner ${how}` : `the runner ${how}: ${said}`;
}
