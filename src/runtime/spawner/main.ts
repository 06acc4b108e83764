import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { unstarted, type RunnerEnd } from '../runner-end';
import type { Ancestors, FromSpawner, RunnerStart, SpawnMessage, ToSpawner } from './messages';

/*
 * The spawner: the process that runners are children of. To start a process is to copy the page tables of the one that
 * starts it and to wait for it; here that is a small one, and nobody waits.
 */

const RUNNER = join(__dirname, '../runner/main.js');

/** What a runner writes to its standard error is kept to this many characters, for the reason of its death. */
const STDERR_TAIL = 2000;

process.title = 'nexus-spawner';

const ancestors: Ancestors = { spawner: process.pid, gateway: process.ppid };

const children = new Map<number, ChildProcess>();

process.on('message', (message: ToSpawner) => {
  if (message.type === 'spawn') tryToStart(message);
  else children.get(message.id)?.kill('SIGKILL');
});
// The gateway is gone: nobody is left to work for.
process.on('disconnect', () => {
  for (const child of children.values()) child.kill('SIGKILL');
  process.exit(0);
});
// Ctrl-C reaches the whole process group, and systemd tells all processes of a service: when runners end is the
// gateway's to say.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});

function tryToStart(message: SpawnMessage): void {
  try {
    start(message);
  } catch (error) {
    // No descriptor left, for one: the runners that there are live on.
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
  if (child.pid !== undefined) tell({ type: 'started', id, pid: child.pid });
  let stderr = '';
  // Without a descriptor for them there are no streams; the error tells.
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_TAIL);
  });
  child.once('error', (error) => child.pid === undefined && ended(id, unstarted(error)));
  child.once('exit', (code, signal) => {
    ended(id, { cause: 'own', reason: describeExit(code, signal, stderr) });
  });
  // One that has ended already takes nothing, which its exit tells.
  child.stdin?.on('error', () => {}).end(JSON.stringify({ socket, ancestors } satisfies RunnerStart));
}

function ended(id: number, end: RunnerEnd): void {
  children.delete(id);
  tell({ type: 'ended', id, end });
}

function tell(message: FromSpawner): void {
  // A gateway that is gone needs to know nothing.
  process.send!(message, undefined, undefined, () => {});
}

function describeExit(code: number | null, signal: string | null, stderr: string): string {
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  // ONNX Runtime writes in colours.
  const last = stripVTControlCharacters(stderr).trim().split('\n').at(-1) ?? '';
  // Where files are is nobody's business but the operator's.
  const said = last.replace(/(?:\/[^\s/:]+)+\/([^\s/:]+)/g, '$1');
  return said === '' ? `the runner ${how}` : `the runner ${how}: ${said}`;
}
