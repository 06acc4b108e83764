import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './redis.ts';

/** Whether there is a real S3 server to start: Versity's gateway, a Go program, on the PATH. */
export const HAS_VERSITYGW = spawnSync('versitygw', ['--version']).status === 0;

/** An S3 server whose buckets are folders. */
export class Versitygw {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  /** Starts one with an empty `bucket`, and waits until it answers. */
  static async start(bucket: string): Promise<Versitygw> {
    const folder = mkdtempSync(join(tmpdir(), 'nexus-s3-'));
    mkdirSync(join(folder, 'data', bucket), { recursive: true });
    const port = await freePort();
    const child = spawn(
      'versitygw',
      ['--quiet', '--port', `127.0.0.1:${port}`, 'posix', join(folder, 'data')],
      {
        env: {
          PATH: process.env['PATH'],
          ROOT_ACCESS_KEY: 'test-access-key',
          ROOT_SECRET_KEY: 'test-secret-key',
        },
        stdio: 'ignore',
      },
    );
    process.once('exit', () => child.kill('SIGKILL'));
    const url = `http://127.0.0.1:${port}`;
    while (!(await fetch(url).then(Boolean, () => false))) await delay(20);
    return new Versitygw(child, folder, url);
  }

  /** The environment of its clients. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test-access-key',
      AWS_SECRET_ACCESS_KEY: 'test-secret-key',
    };
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
