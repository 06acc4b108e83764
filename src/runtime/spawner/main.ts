import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { unstarted, type RunnerEnd } from '../runner-end';
import { abstractPath, TOKEN_LENGTH, type FromSpawner, type SpawnMessage, type ToSpawner } from './messages';
import { Protection } from './protection';

/*
 * The spawner: the parent process of all runners. Starting a process blocks its parent while the page tables of the
 * parent are copied. The spawner is small, and does not hold up the gateway. Its argument is the name of its socket.
 */

const RUNNER = join(__dirname, '../runner/main.js');

/**
 * Lower priority than the gateway, so that requests are served even while runners load models or compute. Runners inherit
 * it, from their first instruction on and with all their threads.
 */
const NICENESS = 5;

/** Number of characters to keep from the standard error of a runner, to explain its death. */
const STDERR_TAIL = 2000;

/** A connection that does not send its token within this time is closed. */
const TOKEN_MS = 30_000;

process.title = 'nexus-spawner';
lowerPriority();

const children = new Map<number, ChildProcess>();
const protection = new Protection({ spawner: process.pid, gateway: process.ppid });
/** Runners that wait for a connection, by token. */
const expected = new Map<string, SpawnMessage>();

const server = createServer(accept);
server.on('error', (error) => {
  for (const { id } of expected.values()) ended(id, unstarted(error));
  // The gateway starts another spawner.
  process.exit(1);
});
const listening = new Promise<void>((resolve) => server.listen(abstractPath(process.argv[2]!), resolve));

process.on('message', (message: ToSpawner) => {
  if (message.type === 'kill') return kill(message.id);
  expected.set(message.token, message);
  void listening.then(() => report({ type: 'waiting', id: message.id }));
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

/** Reads the token that starts a connection. The gateway sends no more until the runner has started. */
function accept(socket: Socket): void {
  let token = '';
  socket.setTimeout(TOKEN_MS, () => socket.destroy());
  // An error is followed by `close`.
  socket.on('error', () => {});
  socket.setEncoding('latin1').on('data', (text: string) => {
    token += text;
    if (token.length < TOKEN_LENGTH) return;
    const message = expected.get(token);
    expected.delete(token);
    if (message !== undefined) tryToStart(message, socket);
    // The runner, if any, has a descriptor of its own.
    socket.destroy();
  });
}

function tryToStart(message: SpawnMessage, socket: Socket): void {
  try {
    start(message, socket);
  } catch (error) {
    // For example, no descriptor is left. Existing runners continue.
    ended(message.id, unstarted(error));
  }
}

function start({ id, label, slab }: SpawnMessage, socket: Socket): void {
  const descriptor = openSync(slab, 'r+');
  let child: ChildProcess;
  try {
    unlinkSync(slab);
    // A socket that is standard input blocks in the runner.
    child = spawn(process.execPath, [RUNNER, label], { stdio: [socket, 'ignore', 'pipe', descriptor] });
  } finally {
    closeSync(descriptor);
  }
  children.set(id, child);
  if (child.pid !== undefined) {
    report({ type: 'started', id, pid: child.pid });
    protect();
  }
  let stderr = '';
  // The stream is missing if no descriptor was left; the `error` event then reports it.
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_TAIL);
  });
  child.once('error', (error) => child.pid === undefined && ended(id, unstarted(error)));
  child.once('exit', (code, signal) => {
    ended(id, { cause: 'own', reason: describeExit(code, signal, stderr) });
  });
}

/** Updates the runners that the guard kills when this process ends. */
function protect(): void {
  const pids = [...children.values()].map(({ pid }) => pid);
  protection.cover(pids.filter((pid) => pid !== undefined));
}

function kill(id: number): void {
  const child = children.get(id);
  if (child !== undefined) return void child.kill('SIGKILL');
  for (const [token, message] of expected) {
    if (message.id !== id) continue;
    expected.delete(token);
    ended(id, { cause: 'own', reason: 'the connection to the runner closed before it started' });
  }
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
