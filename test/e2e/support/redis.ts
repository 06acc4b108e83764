import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';

/** Whether there is a Redis to start: Debian has it in the package redis-server. */
export const HAS_REDIS = spawnSync('redis-server', ['--version']).status === 0;

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  return (await freePorts(1))[0]!;
}

/** Different ports that nothing listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** A Redis that keeps nothing on disk, as a process of its own. */
export class Redis {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** Starts one and waits until it takes connections. */
  static async start(port: number): Promise<Redis> {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir()];
    const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    process.once('exit', () => child.kill('SIGKILL'));
    for await (const line of createInterface(child.stdout)) if (line.includes('Ready to accept')) break;
    child.stdout.resume();
    return new Redis(child, `redis://127.0.0.1:${port}`);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
  }
}
