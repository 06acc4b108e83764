import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { privateGatewayEnvironment } from '../../../config/private-gateway';
import { CommandError } from '../../command-error';
import { GatewayClient } from '../../gateway-client';

const MAIN = join(__dirname, '../../../main.js');

/** How long the gateway may take to end before it is killed. */
const PATIENCE_MS = 5000;

/** Gateways that run. They end with this process. */
const alive = new Set<ChildProcess>();
process.once('exit', () => alive.forEach((child) => child.kill('SIGKILL')));

/** A gateway that only this process uses. */
export class PrivateGateway {
  private constructor(
    private readonly child: ChildProcess,
    readonly client: GatewayClient,
  ) {}

  /** Starts a gateway with the models of `repository`, none of which is loaded. @throws CommandError if it does not start. */
  static async start(repository: string): Promise<PrivateGateway> {
    const child = spawn(process.execPath, [MAIN, 'serve'], {
      env: privateGatewayEnvironment(repository),
      stdio: ['ignore', 'ignore', 'pipe'],
      // Ctrl-C ends the measurement first.
      detached: true,
    });
    alive.add(child);
    child.once('close', () => alive.delete(child));
    let printed = '';
    const url = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () =>
        reject(new CommandError(`the private gateway did not start: ${printed.trim()}`)),
      );
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        // Later lines, such as those of native libraries, are read and dropped.
        if (printed.length < 64 * 1024) printed += text;
        const [address] = /http:\/\/\S+:\d+/.exec(printed) ?? [];
        if (address !== undefined) resolve(address);
      });
    });
    return new PrivateGateway(child, new GatewayClient(url, ''));
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Ends the gateway and its runners. */
  async stop(): Promise<void> {
    if (!alive.has(this.child)) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGTERM');
    const isClosed = await Promise.race([closed, delay(PATIENCE_MS, undefined, { ref: false })]);
    if (isClosed !== undefined) return;
    this.child.kill('SIGKILL');
    await closed;
  }
}
