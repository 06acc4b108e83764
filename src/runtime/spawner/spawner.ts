import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { runnerEnvironment } from '../../config/runner-environment';
import { Channel } from '../channel';
import type { Frame } from '../frames';
import { unstarted, type RunnerEnd } from '../runner-end';
import { abstractPath, TOKEN_LENGTH, type FromSpawner, type ToSpawner } from './messages';

/** Receives the events of one process. */
export interface SpawnObserver {
  /** The process has started. It reads what is sent on `channel`. */
  started(pid: number, channel: Channel): void;
  /** The process has sent a frame. @throws MalformedFrame to close the channel. */
  received(frame: Frame): void;
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

/** A runner, from its start to its end. */
interface Child {
  readonly token: string;
  readonly observer: SpawnObserver;
  channel?: Channel;
  hasStarted: boolean;
  /** Why the gateway could not connect. */
  unreached?: Error;
}

/** Starts runners through a separate process, so that starting them does not block the gateway. */
export class Spawner {
  private path = '';
  private readonly children = new Map<number, Child>();
  private process: ChildProcess | undefined;
  private started = 0;

  /** Starts a runner that inherits the slab at path `slab`. */
  spawn(label: string, slab: string, observer: SpawnObserver): Spawned {
    const id = ++this.started;
    const token = randomBytes(TOKEN_LENGTH / 2).toString('hex');
    this.send({ type: 'spawn', id, label, slab, token });
    this.children.set(id, { token, observer, hasStarted: false });
    return { kill: () => this.children.has(id) && this.send({ type: 'kill', id }) };
  }

  private send(message: ToSpawner): void {
    this.process ??= this.launch();
    // If sending fails or there is no channel, the spawner has ended or did not start; its events report it.
    if (this.process.channel != null) this.process.send(message, () => {});
  }

  private launch(): ChildProcess {
    const name = `nexus-${randomUUID()}`;
    this.path = abstractPath(name);
    const child = fork(MAIN, [name], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      env: runnerEnvironment(),
    });
    let hasStarted = false;
    child.on('message', (message: FromSpawner) => {
      hasStarted = true;
      this.received(message);
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

  private received(message: FromSpawner): void {
    const child = this.children.get(message.id);
    if (child === undefined) return;
    switch (message.type) {
      case 'waiting':
        return this.connect(message.id, child);
      case 'started':
        child.hasStarted = true;
        return child.observer.started(message.pid, child.channel!);
      case 'ended':
        return this.end(message.id, child.unreached === undefined ? message.end : unstarted(child.unreached));
    }
  }

  /** Connects to the spawner, and later to the runner, which inherits the connection. */
  private connect(id: number, child: Child): void {
    child.channel = new Channel(this.path, child.token, {
      received: (frame) => child.observer.received(frame),
      closed: (error) => {
        if (!child.hasStarted && error !== undefined) child.unreached = error;
        // It has ended, cannot be started, or has sent a malformed frame.
        if (this.children.has(id)) this.send({ type: 'kill', id });
      },
    });
  }

  /** The spawner has ended, and its runners with it. */
  private lost(process: ChildProcess, end: RunnerEnd): void {
    if (this.process !== process) return;
    this.process = undefined;
    for (const id of this.children.keys()) this.end(id, end);
  }

  private end(id: number, end: RunnerEnd): void {
    const child = this.children.get(id);
    this.children.delete(id);
    child?.channel?.close();
    child?.observer.ended(end);
  }
}
