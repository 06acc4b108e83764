import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Chromium, or undefined where there is none: Debian has it in the package chromium. */
export const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (command) => spawnSync(command, ['--version']).status === 0,
);

/** A headless browser with a profile of its own. It shows one page. */
export class Browser {
  private readonly profile = mkdtempSync(join(tmpdir(), 'nexus-chromium-'));
  private readonly child: ChildProcess;

  constructor(url: string) {
    const options = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${this.profile}`,
      url,
    ];
    this.child = spawn(CHROMIUM!, options, { stdio: 'ignore', detached: true });
    process.once('exit', () => this.kill());
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'close');
    this.kill();
    await ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Ends the browser with all its processes, which share its group. */
  private kill(): void {
    try {
      process.kill(-this.child.pid!, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}
