import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Ancestors } from './ancestors';

const GUARD = join(__dirname, 'guard.js');

/** Pause before a guard that has ended is replaced. */
const PAUSE_MS = 1000;

/** The guard, a process that kills the runners when the spawner ends. It is replaced when it ends. */
export class GuardProcess {
  private process: ChildProcess | undefined;
  /** Process ids of the runners. */
  private runners: readonly number[] = [];

  /** @param ancestors the spawner, which is this process, and the gateway. */
  constructor(private readonly ancestors: Ancestors) {}

  /** Protects `runners`, and no others. The first call starts the guard. Never throws. */
  protect(runners: readonly number[]): void {
    this.runners = runners;
    this.process ??= this.start();
    this.process?.stdin?.write(`${JSON.stringify(runners)}\n`);
  }

  private start(): ChildProcess | undefined {
    try {
      const guard = spawn(process.execPath, [GUARD, JSON.stringify(this.ancestors)], {
        argv0: 'nexus-guard',
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      // If it could not be started, or has ended, another one follows.
      guard.stdin?.on('error', () => {});
      return guard.once('error', () => this.replace()).once('exit', () => this.replace());
    } catch {
      // No memory is left. The next call tries again.
      return undefined;
    }
  }

  private replace(): void {
    setTimeout(() => {
      this.process = undefined;
      this.protect(this.runners);
    }, PAUSE_MS);
  }
}
