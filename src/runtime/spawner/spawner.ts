import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { runnerEnvironment } from '../../config/runner-environment';
import { JsonLines } from '../json-lines';
import { unstarted, type RunnerEnd } from '../runner-end';
import type { FromSpawner, HelloMessage, ToSpawner } from './messages';

/** Receives the events of one process. */
export interface SpawnObserver {
  started(pid: number): void;
  /** The process has connected and accepts messages on `channel`. */
  connected(channel: JsonLines): void;
  received(message: unknown): void;
  /** The process has ended or could not be started. No event follows. */
  ended(end: RunnerEnd): void;
}

/** A process that the spawner has started. */
export interface Spawned {
  /** Kills the process. */
  kill(): void;
}

const MAIN = join(__dirname, 'main.js');

const LOST: RunnerEnd = { cause: 'spawner', reason: 'the process that started the runner ended' };

/** A connection that does not send its token within this time is closed. */
const HELLO_MS = 5000;

/** Starts runners through a separate process, so that starting them does not block the gateway. */
export class Spawner {
  private readonly path = `\0nexus-${randomUUID()}`;
  private readonly observers = new Map<number, SpawnObserver>();
  /** Observers of runners that have not connected yet, by token. */
  private readonly expected = new Map<string, SpawnObserver>();
  private server: Server | undefined;
  private child: ChildProcess | undefined;
  private started = 0;

  /** Starts a runner that inherits the slab at path `slab`. */
  spawn(label: string, slab: string, observer: SpawnObserver): Spawned {
    const id = ++this.started;
    const token = randomBytes(16).toString('hex');
    this.observers.set(id, {
      ...observer,
      ended: (end) => {
        this.expected.delete(token);
        observer.ended(end);
      },
    });
    this.expected.set(token, observer);
    this.send({ type: 'spawn', id, label, slab, socket: { path: this.path, token } });
    return { kill: () => this.observers.has(id) && this.send({ type: 'kill', id }) };
  }

  private send(message: ToSpawner): void {
    this.server ??= this.listen();
    this.child ??= this.launch();
    // If sending fails or there is no channel, the spawner has ended or did not start; its events report it.
    if (this.child.channel != null) this.child.send(message, () => {});
  }

  private launch(): ChildProcess {
    const child = fork(MAIN, [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      env: runnerEnvironment(),
    });
    let hasStarted = false;
    child.on('message', (message: FromSpawner) => {
      hasStarted = true;
      if (message.type === 'ended') this.end(message.id, message.end);
      else this.observers.get(message.id)?.started(message.pid);
    });
    child.once('exit', (code, signal) => {
      const wasKilled = hasStarted || signal !== null;
      this.lost(child, wasKilled ? LOST : unstarted(new Error(`nexus-spawner exited with code ${code}`)));
    });
    child.once('error', (error) => this.lost(child, unstarted(error)));
    // It ends with the gateway and does not keep it alive.
    child.unref();
    child.channel?.unref();
    return child;
  }

  /** The spawner has ended, and its runners with it. */
  private lost(child: ChildProcess, end: RunnerEnd): void {
    if (this.child !== child) return;
    this.child = undefined;
    for (const id of this.observers.keys()) this.end(id, end);
  }

  private end(id: number, end: RunnerEnd): void {
    const observer = this.observers.get(id);
    this.observers.delete(id);
    observer?.ended(end);
  }

  private listen(): Server {
    // Runners that cannot connect end. The next one to start makes the server listen again.
    const server = createServer((socket) => this.accept(socket));
    server.on('error', () => {
      if (!server.listening) this.server = undefined;
    });
    // Exclusive, because this process alone serves its runners, also where processes share ports.
    return server.listen({ path: this.path, exclusive: true }).unref();
  }

  private accept(socket: Socket): void {
    let observer: SpawnObserver | undefined;
    const channel = new JsonLines(socket, (message) => {
      if (observer !== undefined) return observer.received(message);
      const { token } = message as HelloMessage;
      observer = this.expected.get(token);
      if (observer === undefined) return socket.destroy();
      this.expected.delete(token);
      socket.setTimeout(0);
      observer.connected(channel);
    });
    socket.setTimeout(HELLO_MS, () => socket.destroy());
  }
}
